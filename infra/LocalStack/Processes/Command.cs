using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace LocalStack;

/// <summary>A program that is run to its end.</summary>
internal static class Command
{
    /// <summary>Runs it and returns what it wrote to its standard output.</summary>
    /// <exception cref="StackException">It ended with a failure; the message holds its output.</exception>
    /// <param name="command">Program and arguments.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <param name="environment">Variables set on top of the caller's own; null removes one.</param>
    /// <param name="workingDirectory">Its working directory; the root directory unless given.</param>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command,
        CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null)
    {
        var (code, output, error) = await ExecuteAsync(command, environment, workingDirectory, cancellationToken);
        return code == 0 ? output : throw new StackException($"{string.Join(' ', command)} failed with code {code}:\n{output}{error}");
    }

    /// <summary>Runs it and tells whether it ended with success; a program that does not exist did not.</summary>
    public static async Task<bool> SucceedsAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        try
        {
            return (await ExecuteAsync(command, environment: null, workingDirectory: null, cancellationToken)).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Runs it to its end and returns how it ended and what it wrote.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="environment">Variables set on top of the caller's own; null removes one.</param>
    /// <param name="workingDirectory">Its working directory; the root directory unless given.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public static async Task<(int Code, string Output, string Error)> ExecuteAsync(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string?>? environment,
        string? workingDirectory,
        CancellationToken cancellationToken)
    {
        using var process = Start(command, environment, workingDirectory);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        finally
        {
            Reaper.Instance.Forget(process.Id);
        }
    }

    /// <summary>Runs it and yields the lines that it writes, to its standard output and error alike, until it ends.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="cancellationToken">Kills it and ends the lines, without an exception.</param>
    public static async IAsyncEnumerable<string> StreamAsync(
        IReadOnlyList<string> command,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var process = Start(command, environment: null, workingDirectory: null);
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        var lines = Channel.CreateUnbounded<string>();
        var copying = Task.WhenAll(CopyAsync(process.StandardOutput, lines.Writer), CopyAsync(process.StandardError, lines.Writer))
            .ContinueWith(copied => lines.Writer.Complete(copied.Exception), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var line in lines.Reader.ReadAllAsync(CancellationToken.None))
            yield return line;
        await copying;
        await process.WaitForExitAsync(CancellationToken.None);
        Reaper.Instance.Forget(process.Id);
    }

    private static async Task CopyAsync(StreamReader from, ChannelWriter<string> to)
    {
        while (await from.ReadLineAsync() is { } line)
            await to.WriteAsync(line);
    }

    private static Process Start(IReadOnlyList<string> command, IReadOnlyDictionary<string, string?>? environment, string? workingDirectory)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(command[0], command.Skip(1))
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Encoding.UTF8,
                // initdb and its like insist on a working directory that their user may enter.
                WorkingDirectory = workingDirectory ?? "/",
            },
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            process.StartInfo.Environment[name] = value;
        process.Start();
        Reaper.Instance.Watch(process.Id);
        process.StandardInput.Close();
        return process;
    }
}
