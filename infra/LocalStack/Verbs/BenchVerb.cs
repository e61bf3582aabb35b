using System.Diagnostics;

namespace LocalStack;

/// <summary>"bench": runs the benchmarks in Release, with whatever arguments they take.</summary>
internal static class BenchVerb
{
    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, !arguments.Flag("--no-install"), Screen.Say, cancellationToken);
        Screen.Say("Building and running the benchmarks.");
        using var run = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["run", "--configuration", "Release", "--project", Path.Combine(Checkout.Root, "tests", "Benchmarks"), "--", .. arguments.Rest()])
        {
            WorkingDirectory = Checkout.Root,
        }) ?? throw new InvalidOperationException("dotnet did not start.");
        await run.WaitForExitAsync(cancellationToken);
        return run.ExitCode;
    }
}
