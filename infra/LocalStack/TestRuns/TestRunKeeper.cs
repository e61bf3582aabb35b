namespace LocalStack;

/// <summary>The process that owns the servers of a test run: started by the first test process, gone after the last.</summary>
internal static class TestRunKeeper
{
    /// <summary>The hidden verb that runs it.</summary>
    public const string Verb = "keep-test-servers";

    // One test project's process ends before the next one's begins: servers outlive a gap of this length.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    /// <summary>The argument after the directory that asks for containers.</summary>
    public const string InContainers = "--containers";

    public static async Task<int> RunAsync(TestRunDirectory run, bool inContainers, Action<string> say)
    {
        using var keeper = run.TryKeep();
        if (keeper is null)
            return 0; // another one was quicker

        DeleteLeftovers(run);
        say($"Starting RabbitMQ and PostgreSQL for this test run, {(inContainers ? "in containers" : "natively")}.");
        ITestServers servers = inContainers
            ? await ContainerServers.StartAsync(run, say)
            : await NativeServers.StartAsync(run.Data, say);
        // Until the end is disposed, nobody joins a run whose servers are gone.
        using var end = await ShareAsync(servers, run, say);
        DeleteLeftovers(run);
        return 0;
    }

    /// <summary>Tells the test processes where the servers are, and ends the servers when the last process has gone.</summary>
    private static async Task<FileStream> ShareAsync(ITestServers servers, TestRunDirectory run, Action<string> say)
    {
        await using (servers)
        {
            await servers.Servers.WriteAsync(run.Endpoints);
            say("They are ready.");
            var end = await LastOneGoneAsync(run);
            say("The last test process has gone.");
            File.Delete(run.Endpoints);
            return end;
        }
    }

    private static async Task<FileStream> LastOneGoneAsync(TestRunDirectory run)
    {
        var alone = TimeSpan.Zero;
        var interval = TimeSpan.FromMilliseconds(500);
        while (true)
        {
            await Task.Delay(interval);
            var end = run.TryEnd();
            if (end is null)
            {
                alone = TimeSpan.Zero;
                continue;
            }

            alone += interval;
            if (alone >= Linger)
                return end;
            await end.DisposeAsync();
        }
    }

    private static void DeleteLeftovers(TestRunDirectory run)
    {
        File.Delete(run.Endpoints);
        if (Directory.Exists(run.Data))
            Directory.Delete(run.Data, recursive: true);
    }
}
