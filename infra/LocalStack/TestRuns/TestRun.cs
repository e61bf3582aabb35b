using System.Diagnostics;

namespace LocalStack;

/// <summary>The current process's part in a test run: it shares the run's servers while it lives.</summary>
public static class TestRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // Held until the process ends, and released by the system however it ends.
    private static FileStream? s_lease;

    /// <summary>Joins the test run of this checkout; the first process to do so starts its servers.</summary>
    /// <param name="run">The run's directory.</param>
    /// <param name="inContainers">Whether the servers are to be containers; those of one run are all of one kind.</param>
    /// <param name="say">Tells the user what is waited for.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="StackException">The servers do not start; the message holds what their keeper said.</exception>
    public static async Task<TestRunServers> JoinAsync(
        TestRunDirectory run,
        bool inContainers,
        Action<string> say,
        CancellationToken cancellationToken = default)
    {
        var clock = Stopwatch.StartNew();
        s_lease ??= await PollAsync(run.TryJoin, clock, "the servers of an earlier test run to stop", cancellationToken);
        using var starter = await PollAsync(run.TryStart, clock, "another test process to start the servers", cancellationToken);

        // A keeper holds its lock while it lives: endpoints without one are the remains of a keeper that was killed.
        if (IsKept(run) && TestRunServers.Read(run.Endpoints) is { } running)
            return running;

        return await StartKeeperAsync(run, inContainers, say, clock, cancellationToken);
    }

    private static bool IsKept(TestRunDirectory run)
    {
        using var keeper = run.TryKeep();
        return keeper is null;
    }

    private static async Task<TestRunServers> StartKeeperAsync(
        TestRunDirectory run,
        bool inContainers,
        Action<string> say,
        Stopwatch clock,
        CancellationToken cancellationToken)
    {
        File.Delete(run.Endpoints);
        File.Delete(run.KeeperLog);
        say($"Starting the test run's servers (see {run.KeeperLog}).");
        var keeper = ServerProcess.Start(
            ["dotnet", typeof(TestRun).Assembly.Location, TestRunKeeper.Verb, run.Path, .. inContainers ? [TestRunKeeper.InContainers] : Array.Empty<string>()],
            run.KeeperLog,
            ProcessLifetime.Detached);

        return await PollAsync(
            () => keeper.IsRunning
                ? TestRunServers.Read(run.Endpoints)
                : throw new StackException($"The test run's servers did not start:\n{File.ReadAllText(run.KeeperLog)}"),
            clock,
            "RabbitMQ and PostgreSQL to start",
            cancellationToken);
    }

    private static async Task<T> PollAsync<T>(Func<T?> attempt, Stopwatch clock, string what, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            if (attempt() is { } result)
                return result;
            if (clock.Elapsed > Patience)
                throw new StackException($"Waited {Patience.TotalMinutes:0} minutes for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }
}
