namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>How much a test does: enough to tell, or with TESTS_LONG=1 as much as the worst day would bring.</summary>
public static class TestSize
{
    public static int Of(int usual, int longRun) => Environment.GetEnvironmentVariable("TESTS_LONG") == "1" ? longRun : usual;
}
