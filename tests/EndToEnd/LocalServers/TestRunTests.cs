using System.Diagnostics;
using LocalStack;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.LocalServers;

public sealed class TestRunTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task The_servers_of_a_test_run_are_gone_when_its_last_process_or_their_keeper_is(bool killTheKeeper, bool inContainers)
    {
        if (inContainers && await Docker.FindEngineAsync(TestContext.Current.CancellationToken) is (null, var whyNot))
            Assert.Skip($"There are no containers here: {whyNot}.");

        var run = new TestRunDirectory(Path.Combine(Checkout.StackDirectory, "tests", "runs", Guid.NewGuid().ToString("N")));
        var testProcess = run.TryJoin().ShouldNotBeNull();
        string[] keep = ["keep-test-servers", run.Path, .. inContainers ? ["--containers"] : Array.Empty<string>()];
        using var keeper = Process.Start(new ProcessStartInfo("dotnet", [typeof(Stack).Assembly.Location, .. keep])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        await Eventually.TrueAsync(() => File.Exists(run.Endpoints), "the servers start", TimeSpan.FromSeconds(120));
        (await ServersAsync()).ShouldNotBeEmpty();

        if (killTheKeeper)
            keeper.Kill();
        else
            await testProcess.DisposeAsync();

        await keeper.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(0, async () => (await ServersAsync()).Count, "servers that are left");
        if (!killTheKeeper)
            Directory.Exists(run.Data).ShouldBeFalse("their data are deleted");
        await testProcess.DisposeAsync();
        Directory.Delete(run.Path, recursive: true);

        async Task<IReadOnlyList<string>> ServersAsync() => inContainers
            ? await Docker.ContainersOfTestRunAsync(run, TestContext.Current.CancellationToken)
            :
            [
                .. Directory.EnumerateDirectories("/proc").Select(CommandOf)
                    .Where(command => command.Contains(run.Data, StringComparison.Ordinal)),
            ];
    }

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended since, or is no process
        }
    }
}
