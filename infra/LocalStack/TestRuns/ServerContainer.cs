using System.Diagnostics;

namespace LocalStack;

/// <summary>
/// A container that lives as long as the process that started it: its standard input is a pipe from there, and it ends,
/// and is removed with its data, when that pipe closes; that is also when its owner is killed.
/// </summary>
internal sealed class ServerContainer
{
    /// <summary>The label with the directory of the test run that a container belongs to.</summary>
    public const string Label = "microservices.test-run";

    // The image's own entry point is the server; the pipe's end kills it. The shell is the container's first process,
    // with which everything else in it ends.
    private const string Script =
        """
        exec 3<&0
        docker-entrypoint.sh "$@" </dev/null &
        server=$!
        { cat <&3 >/dev/null; kill -9 $server; } &
        wait $server
        """;

    private readonly Process _client;
    private readonly string _log;

    private ServerContainer(Process client, string log) => (_client, _log) = (client, log);

    /// <summary>Starts one and does not wait for it.</summary>
    /// <param name="run">The test run that it belongs to.</param>
    /// <param name="image">Its image, which is on this machine.</param>
    /// <param name="log">The file that its output is appended to.</param>
    /// <param name="options">Options of "docker run".</param>
    /// <param name="environment">Its variables.</param>
    /// <param name="server">What the image's entry point is to run.</param>
    public static ServerContainer Start(
        TestRunDirectory run,
        string image,
        string log,
        IReadOnlyList<string> options,
        IReadOnlyDictionary<string, string?> environment,
        params string[] server)
    {
        // In a session of its own, so that Ctrl-C at the terminal does not reach it before its owner.
        var start = new ProcessStartInfo("/bin/sh")
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
            ArgumentList = { "-c", "log=$1; shift; exec setsid \"$@\" >>\"$log\" 2>&1", "sh", log },
        };
        string[] command =
        [
            "docker", "run", "--rm", "--interactive", "--pull", "never", "--label", $"{Label}={run.Path}", .. options,
            // Only their names are on the command line, for everybody to see.
            .. environment.Keys.SelectMany(name => new[] { "--env", name }),
            "--entrypoint", "sh", image, "-c", Script, "sh", .. server,
        ];
        foreach (var part in command)
            start.ArgumentList.Add(part);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ServerContainer(Process.Start(start) ?? throw new InvalidOperationException("docker did not start."), log);
    }

    /// <summary>Waits until it answers.</summary>
    /// <exception cref="StackException">It ended, or took too long; the message ends with its log.</exception>
    public Task WaitAsync(string server, Func<CancellationToken, Task<bool>> answers, TimeSpan patience) => Readiness.WaitAsync(
        server,
        ServerProcess.Find(_client.Id, ProcessTable.Find(_client.Id)?.StartTime ?? 0),
        _log,
        answers,
        patience,
        CancellationToken.None);

    /// <summary>Kills it and waits until it is removed.</summary>
    public async Task RemoveAsync()
    {
        _client.StandardInput.Close();
        await _client.WaitForExitAsync();
        _client.Dispose();
    }
}
