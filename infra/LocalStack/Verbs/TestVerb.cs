using System.Diagnostics;
using System.Globalization;

namespace LocalStack;

/// <summary>"test": what plain "dotnet test" does, after installing what is missing, with a sum at the end.</summary>
internal static class TestVerb
{
    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var isLong = arguments.Flag("--long");
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, !arguments.Flag("--no-install"), Screen.Say, cancellationToken);

        var results = Path.Combine(Checkout.StackDirectory, "test-results");
        if (Directory.Exists(results))
            Directory.Delete(results, recursive: true);

        Screen.Say("Building everything.");
        var solution = Path.Combine(Checkout.Root, "Microservices.sln");
        await Heartbeat.WhileAsync(
            Command.RunAsync(["dotnet", "build", solution, "--verbosity", "quiet", "--nologo"], cancellationToken, workingDirectory: Checkout.Root),
            "still building",
            Screen.Say);

        Screen.Say("Testing, on servers of this run's own.");
        var code = await TestAsync(
            [
                "test", solution, "--no-build", "--nologo", "--logger", "trx", "--logger", "console;verbosity=minimal",
                "--results-directory", results, .. arguments.Rest(),
            ],
            isLong,
            cancellationToken);

        var sum = TestSum.Read(results);
        foreach (var test in sum.FailedTests)
            Screen.Warn($"failed: {test}");
        Screen.Say(string.Create(CultureInfo.InvariantCulture, $"{sum.Passed} passed, {sum.Failed} failed"));
        return sum.Failed > 0 || sum.Passed == 0 ? 1 : code;
    }

    private static async Task<int> TestAsync(IReadOnlyList<string> arguments, bool isLong, CancellationToken cancellationToken)
    {
        using var run = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = Checkout.Root },
        };
        if (isLong)
            run.StartInfo.Environment["LONG_TESTS"] = "1";
        run.Start();
        try
        {
            await Heartbeat.WhileAsync(run.WaitForExitAsync(cancellationToken), "still testing", Screen.Say);
            return run.ExitCode;
        }
        catch (OperationCanceledException)
        {
            run.Kill(entireProcessTree: true);
            throw;
        }
    }
}
