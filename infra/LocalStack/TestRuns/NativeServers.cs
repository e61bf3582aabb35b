namespace LocalStack;

/// <summary>The broker and the database of a test run, wherever they run. Disposing ends them with what they hold.</summary>
internal interface ITestServers : IAsyncDisposable
{
    /// <summary>Where they are.</summary>
    TestRunServers Servers { get; }
}

/// <summary>The broker and the database of a test run as processes of this machine.</summary>
internal sealed class NativeServers : ITestServers
{
    private readonly BrokerServer _broker;
    private readonly PostgresServer _postgres;

    private NativeServers(BrokerServer broker, PostgresServer postgres) => (_broker, _postgres) = (broker, postgres);

    public TestRunServers Servers => new(_broker.Uri.OriginalString, _broker.ManagementUri.OriginalString, _postgres.ConnectionString);

    /// <summary>Installs what is missing, starts both and waits until they answer.</summary>
    public static async Task<NativeServers> StartAsync(string directory, Action<string> say)
    {
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, mayInstall: true, say);
        var broker = BrokerServer.StartAsync(new BrokerServerOptions(Path.Combine(directory, "rabbitmq")));
        var postgres = PostgresServer.StartAsync(new PostgresServerOptions(Path.Combine(directory, "postgres")));
        return new NativeServers(await broker, await postgres);
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_broker.KillAsync(), _postgres.KillAsync());
}
