namespace LocalStack;

/// <summary>The process that owns the servers of a test run: started by the first test process, gone after the last.</summary>
internal static class TestRunKeeper
{
    /// <summary>The hidden verb that runs it.</summary>
    public const string Verb = "keep-test-servers";

    // One test project's process ends before the next one's begins: servers outlive a gap of this length.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(TestRunDirectory run, Action<string> say)
    {
        using var keeper = run.TryKeep();
        if (keeper is null)
            return 0; // another one was quicker

        DeleteLeftovers(run);
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, mayInstall: true, say);
        say("Starting RabbitMQ and PostgreSQL for this test run.");
        var starting = BrokerServer.StartAsync(new BrokerServerOptions(Path.Combine(run.Data, "rabbitmq")));
        await using var postgres = await PostgresServer.StartAsync(new PostgresServerOptions(Path.Combine(run.Data, "postgres")));
        await using var broker = await starting;
        await new TestRunServers(broker.Uri.OriginalString, broker.ManagementUri.OriginalString, postgres.ConnectionString).WriteAsync(run.Endpoints);
        say("They are ready.");

        using var end = await LastOneGoneAsync(run);
        say("The last test process has gone.");
        File.Delete(run.Endpoints);
        await broker.KillAsync();
        await postgres.KillAsync();
        DeleteLeftovers(run);
        return 0;
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
