using System.Globalization;
using Contracts;
using Npgsql;
using RealServers;
using Topology;

namespace Services.Tests.Hosting;

/// <summary>
/// One service as a process, with a database and the whole broker topology of its own, behind networks that can fail. The
/// services that it talks to are played by the test.
/// </summary>
/// <param name="service">The service.</param>
/// <param name="project">Its project's directory, from the repository's root.</param>
public abstract class ServiceSystem(Service service, string project) : IAsyncLifetime
{
    private readonly string _prefix = $"{service.Name[0]}{Guid.NewGuid():N}"[..9] + "-";
    private readonly Stack<IAsyncDisposable> _opened = new();
    private Servers _servers = null!;
    private TestDatabase _database = null!;
    private BrokerTopology _topology = null!;

    public ServiceProcess Service { get; private set; } = null!;

    /// <summary>The database as its owner, not through the network.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>The service's way to its database.</summary>
    public TcpProxy DatabaseNetwork { get; private set; } = null!;

    /// <summary>The service's way to its broker.</summary>
    public TcpProxy BrokerNetwork { get; private set; } = null!;

    /// <summary>The service's environment variables.</summary>
    public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>(OwnSettings)
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Database"] = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Host = "127.0.0.1", Port = DatabaseNetwork.Port }.ConnectionString,
        ["ConnectionStrings__DatabaseOwner"] = _database.OwnerConnectionString,
        ["ConnectionStrings__Broker"] =
            _topology.AddressOf(service, new Uri(string.Create(CultureInfo.InvariantCulture, $"amqp://127.0.0.1:{BrokerNetwork.Port}"))).ToString(),
    };

    /// <summary>What only this service is set to.</summary>
    protected virtual IReadOnlyDictionary<string, string?> OwnSettings => new Dictionary<string, string?>();

    /// <summary>How long messages wait in a queue, where it is not the default.</summary>
    protected virtual IReadOnlyDictionary<string, TimeSpan> Ttls => new Dictionary<string, TimeSpan>();

    public async ValueTask InitializeAsync()
    {
        _servers = await Servers.GetAsync();
        _database = Opened(await _servers.CreateDatabaseAsync(service.Name));
        _topology = BrokerTopology.From(new TopologyOptions
        {
            Prefix = _prefix,
            Broker = new UriBuilder(_servers.Broker) { UserName = "", Password = "" }.Uri,
            Ttls = Ttls,
        });
        using (var management = new Topology.ManagementApi(_servers.Management))
            await _topology.ApplyAsync(management);

        Database = Opened(NpgsqlDataSource.Create(_database.OwnerConnectionString));
        var database = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        DatabaseNetwork = Opened(TcpProxy.To(database.Host!, database.Port));
        BrokerNetwork = Opened(TcpProxy.To(_servers.Broker.Host, _servers.Broker.Port));
        await OpenSurroundingsAsync();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Service is not null)
            await Service.DisposeAsync();
        while (_opened.TryPop(out var opened))
            await opened.DisposeAsync();

        if (_topology is not null)
        {
            using var management = new Topology.ManagementApi(_servers.Management);
            await _topology.RemoveAsync(management);
        }
    }

    public async Task MigrateAsync()
    {
        var (exitCode, output, error) = await ServiceProcess.RunAsync(project, ["migrate"], Settings);
        if (exitCode != 0)
            throw new InvalidOperationException($"migrate failed: {output} {error}");
    }

    /// <summary>Starts the service, for the first time or after a test has ended it. It may have to wait for what it needs.</summary>
    public virtual async Task LaunchAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        Service = await ServiceProcess.StartAsync(project, Settings);
    }

    /// <summary>As <see cref="LaunchAsync" />, and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        await LaunchAsync();
        await Service.ReadyAsync();
    }

    /// <summary>Starts another instance of the service on the same queues and database.</summary>
    public async Task<ServiceProcess> StartAnotherAsync()
    {
        var another = await ServiceProcess.StartAsync(project, Settings);
        await another.ReadyAsync();
        return another;
    }

    /// <summary>One value of the service's database.</summary>
    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The transactions on the service's database that were begun before a moment and are still open, each with its last statement.</summary>
    public async Task<IReadOnlyList<string>> TransactionsOpenSinceAsync(DateTimeOffset moment)
    {
        // Only a superuser sees what another role's sessions are doing.
        await using var superuser = NpgsqlDataSource.Create(_servers.Postgres);
        await using var command = superuser.CreateCommand(
            "SELECT state || ': ' || query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' AND xact_start < $2");
        command.Parameters.AddWithValue(_database.Name);
        command.Parameters.AddWithValue(moment);
        await using var reader = await command.ExecuteReaderAsync();
        var transactions = new List<string>();
        while (await reader.ReadAsync())
            transactions.Add(reader.GetString(0));
        return transactions;
    }

    /// <summary>Starts what the service talks to.</summary>
    protected abstract Task OpenSurroundingsAsync();

    /// <summary>Brings the service up, unless a fixture leaves that to its test.</summary>
    protected virtual async Task OpenAsync()
    {
        await MigrateAsync();
        await StartAsync();
    }

    /// <summary>A service's address in this system's topology.</summary>
    protected Uri AddressOf(Service other) => _topology.AddressOf(other);

    /// <summary>Has something disposed with the system, before what was opened earlier.</summary>
    protected T Opened<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Push(opened);
        return opened;
    }
}
