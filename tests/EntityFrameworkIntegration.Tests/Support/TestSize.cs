namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>How much a test does: enough to tell, or with LONG_TESTS=1 ("infra/stack test --long") as much as the worst day would bring.</summary>
public static class TestSize
{
    public static int Of(int usual, int longRun) => Environment.GetEnvironmentVariable("LONG_TESTS") == "1" ? longRun : usual;
}
