using System.Diagnostics;
using LocalStack;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.LocalServers;

public sealed class TestRunTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_servers_of_a_test_run_are_gone_when_its_last_process_or_their_keeper_is(bool killTheKeeper)
    {
        var run = new TestRunDirectory(Path.Combine(Checkout.StackDirectory, "tests", "runs", Guid.NewGuid().ToString("N")));
        var testProcess = run.TryJoin().ShouldNotBeNull();
        using var keeper = Process.Start(new ProcessStartInfo("dotnet", [typeof(Stack).Assembly.Location, "keep-test-servers", run.Path])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        await Eventually.TrueAsync(() => File.Exists(run.Endpoints), "the servers start", TimeSpan.FromSeconds(120));
        Servers().ShouldNotBeEmpty();

        if (killTheKeeper)
            keeper.Kill();
        else
            await testProcess.DisposeAsync();

        await keeper.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Servers().Count == 0, "no server is left");
        if (!killTheKeeper)
            Directory.Exists(run.Data).ShouldBeFalse("their data are deleted");
        await testProcess.DisposeAsync();
        Directory.Delete(run.Path, recursive: true);

        List<string> Servers() =>
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
