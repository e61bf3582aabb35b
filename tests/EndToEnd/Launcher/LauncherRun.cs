using System.Diagnostics;
using LocalStack;

namespace EndToEnd.Launcher;

/// <summary>The launcher as a user runs it, on a directory of its own: as if it were another checkout.</summary>
internal sealed class LauncherRun : IAsyncDisposable
{
    /// <summary>No services: what the launcher does is the same, and it is quicker.</summary>
    public static readonly string[] UpServersOnly = ["up", "--native", "--no-build", "--except", "orders,payments,notifications"];

    public string Directory { get; } = Path.Combine(Checkout.StackDirectory, "tests", "launcher", Guid.NewGuid().ToString("N"));

    /// <summary>Starts a command and does not wait for it.</summary>
    public Process Start(params string[] arguments)
    {
        System.IO.Directory.CreateDirectory(Directory);
        // A shell that started the tests in the background has them, and what they start, ignore Ctrl-C.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", typeof(Stack).Assembly.Location, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["STACK_DIRECTORY"] = Directory;
        return Process.Start(start)!;
    }

    /// <summary>Runs a command to its end.</summary>
    public async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    /// <summary>The processes of this directory: each names it in its command line or works in it.</summary>
    public IReadOnlyList<string> Processes()
    {
        var found = new List<string>();
        foreach (var process in System.IO.Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                var command = File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
                var workingDirectory = File.ResolveLinkTarget(Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName ?? "";
                if (command.Contains(Directory, StringComparison.Ordinal) || workingDirectory.StartsWith(Directory, StringComparison.Ordinal))
                    found.Add(command);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended since the directory was listed, or is another user's.
            }
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("down", "--volumes");
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
