using Contracts;
using Topology;

namespace LocalStack;

/// <summary>
/// The whole system on this machine: broker, database, mail server, provider simulator, the three services and the
/// edge in front of them. <see cref="StartAsync" /> starts all of it; the steps can be taken one by one, too.
/// </summary>
public sealed class Stack : IAsyncDisposable
{
    /// <summary>The provider simulator's name among the programs.</summary>
    public const string ProviderName = "provider";

    private static readonly Dictionary<string, int> WellKnownPorts = new()
    {
        ["edge"] = 8080,
        ["orders"] = 5001,
        ["payments"] = 5002,
        ["notifications"] = 5003,
        [ProviderName] = 5004,
        ["broker"] = 5672,
        ["management"] = 15672,
        ["postgres"] = 5432,
    };

    private readonly StackOptions _options;
    private readonly ServiceSettings _settings;
    private readonly Dictionary<string, IReadOnlyList<DotnetProgram>> _services = [];
    private BrokerServer? _broker;
    private PostgresServer? _postgres;

    /// <summary>Describes a stack; nothing is started yet.</summary>
    public Stack(StackOptions options)
    {
        _options = options ?? throw new ArgumentNullException(nameof(options));
        _settings = new ServiceSettings(this, options);
        Mail = new MailServer(In("mail"), options.Lifetime);
        Edge = new EdgeServer(In("edge"), options.Lifetime);
        Provider = Programs(ProviderName, count: 1)[0];
        foreach (var service in Routes.Services.Select(service => service.Name))
            _services[service] = options.Except.Contains(service) ? [] : Programs(service, options.Replicas.GetValueOrDefault(service, 1));
    }

    /// <summary>The broker, once it was started.</summary>
    public BrokerServer Broker => _broker ?? throw new InvalidOperationException("The broker was not started.");

    /// <summary>The database server, once it was started.</summary>
    public PostgresServer Postgres => _postgres ?? throw new InvalidOperationException("PostgreSQL was not started.");

    /// <summary>The mail server.</summary>
    public MailServer Mail { get; }

    /// <summary>The card provider's simulator.</summary>
    public DotnetProgram Provider { get; }

    /// <summary>The file in which the simulator keeps every operation.</summary>
    public string ProviderLog => Path.Combine(_options.Directory, "provider", "operations.jsonl");

    /// <summary>The edge.</summary>
    public EdgeServer Edge { get; }

    /// <summary>The processes of all services.</summary>
    public IEnumerable<DotnetProgram> Services => _services.Values.SelectMany(replicas => replicas);

    /// <summary>What the broker's topology is made with.</summary>
    public TopologyOptions TopologyOptions => new()
    {
        Broker = new UriBuilder(Broker.Uri) { UserName = "", Password = "" }.Uri,
        Ttls = _options.Waits,
    };

    /// <summary>The first process of a service.</summary>
    public DotnetProgram this[Service service] => Replicas(service)[0];

    /// <summary>The processes of a service; none where it is left out.</summary>
    public IReadOnlyList<DotnetProgram> Replicas(Service service) => _services[service.Name];

    /// <summary>What connects to a service's database.</summary>
    /// <param name="service">The service.</param>
    /// <param name="owner">As the role that may migrate, else as the runtime role.</param>
    public string DatabaseOf(Service service, bool owner = false) =>
        DatabaseProvisioning.ConnectionString(Postgres.ConnectionString, DevelopmentSecrets.Database(service), owner);

    /// <summary>Starts everything and waits until it is ready.</summary>
    public async Task StartAsync(Action<string> say, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(say);
        await Heartbeat.WhileAsync(StartServersAsync(cancellationToken), "RabbitMQ and PostgreSQL are starting", say);
        say($"RabbitMQ listens on port {Broker.Port}, PostgreSQL on port {Postgres.Port}.");
        await Heartbeat.WhileAsync(PrepareAsync(cancellationToken), "applying topology and migrations", say);
        say("The routing table is applied, every link moves messages, the databases have their schema.");
        StartPrograms();
        await Heartbeat.WhileAsync(WaitUntilReadyAsync(cancellationToken), "the services are starting", say);
        await StartEdgeAsync(cancellationToken);
    }

    /// <summary>Starts broker, database and mail server where they do not run.</summary>
    public async Task StartServersAsync(CancellationToken cancellationToken = default)
    {
        async Task BrokerAsync()
        {
            if (_broker is null)
            {
                _broker = await BrokerServer.StartAsync(
                    new BrokerServerOptions(In("rabbitmq"))
                    {
                        Port = WellKnownPort("broker"),
                        ManagementPort = WellKnownPort("management"),
                        Password = DevelopmentSecrets.BrokerAdministrator,
                        Lifetime = _options.Lifetime,
                    },
                    cancellationToken);
            }
            else if (_broker.Process is null)
            {
                await _broker.StartAsync(cancellationToken);
            }
        }

        async Task PostgresAsync()
        {
            if (_postgres is null)
            {
                _postgres = await PostgresServer.StartAsync(
                    new PostgresServerOptions(In("postgres"))
                    {
                        Port = WellKnownPort("postgres"),
                        Password = DevelopmentSecrets.PostgresSuperuser,
                        Lifetime = _options.Lifetime,
                    },
                    cancellationToken);
            }
            else if (_postgres.Process is null)
            {
                await _postgres.StartAsync(cancellationToken);
            }
        }

        await Task.WhenAll(BrokerAsync(), PostgresAsync(), Mail.Process is null ? Mail.StartAsync(cancellationToken) : Task.CompletedTask);
    }

    /// <summary>Applies the routing table, creates the databases and migrates them.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        async Task DatabaseAsync(Service service)
        {
            await DatabaseProvisioning.CreateAsync(Postgres.ConnectionString, DevelopmentSecrets.Database(service), cancellationToken);
            // One that is left out is still migrated: its debugger finds everything as it would be.
            var program = Replicas(service).Count > 0 ? this[service] : Programs(service.Name, count: 1)[0];
            await program.RunToEndAsync("migrate", cancellationToken);
        }

        await Task.WhenAll([ApplyTopologyAsync(TopologyOptions, cancellationToken), .. Routes.Services.Select(DatabaseAsync)]);
    }

    /// <summary>Applies the routing table to the broker with these options.</summary>
    public async Task ApplyTopologyAsync(TopologyOptions options, CancellationToken cancellationToken = default)
    {
        using var management = new ManagementApi(Broker.ManagementUri);
        await BrokerTopology.From(options).ApplyAsync(management, cancellationToken: cancellationToken);
    }

    /// <summary>One more process of a service, which the caller starts and stops.</summary>
    /// <param name="service">The service.</param>
    /// <param name="name">The process's name, as in messages and in the log's file name.</param>
    /// <param name="settings">Settings on top of the stack's own.</param>
    public DotnetProgram Another(Service service, string name, IReadOnlyDictionary<string, string?>? settings = null)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new DotnetProgram(
            name,
            Assembly(service.Name),
            In(Path.Combine("log", $"{name}.log")),
            _options.Lifetime,
            () => new Dictionary<string, string?>([.. _settings.Of(service.Name).Where(setting => settings?.ContainsKey(setting.Key) != true), .. settings ?? new Dictionary<string, string?>()]));
    }

    /// <summary>Starts the provider simulator and the services where they do not run, and waits for nothing.</summary>
    public void StartPrograms()
    {
        if (Provider.Process is null)
            Provider.Start(WellKnownPort(ProviderName));
        foreach (var (name, replicas) in _services)
            for (var i = 0; i < replicas.Count; i++)
                if (replicas[i].Process is null)
                    replicas[i].Start(i == 0 ? WellKnownPort(name) : null);
    }

    /// <summary>Waits until the provider simulator and all services say that they are ready.</summary>
    public Task WaitUntilReadyAsync(CancellationToken cancellationToken = default) =>
        Task.WhenAll(Services.Prepend(Provider).Select(program => program.WaitUntilReadyAsync(cancellationToken)));

    /// <summary>Starts the edge in front of the services' present addresses.</summary>
    public Task StartEdgeAsync(CancellationToken cancellationToken = default) => Edge.StartAsync(
        new EdgeRoutes
        {
            Orders = Addresses(Routes.Orders),
            Payments = Addresses(Routes.Payments),
            Notifications = Addresses(Routes.Notifications),
        },
        WellKnownPort("edge"),
        cancellationToken);

    /// <summary>Lets everything outlive the current process.</summary>
    public void Detach()
    {
        foreach (var process in Processes().Select(part => part.Process))
            process.Detach();
    }

    /// <summary>Every running process with its part's name, in the order in which they are started.</summary>
    public IEnumerable<(string Part, ServerProcess Process)> Processes()
    {
        (string, ServerProcess?)[] parts =
        [
            (StackParts.PortMapper, _broker?.PortMapper),
            (StackParts.Broker, _broker?.Process),
            (StackParts.Postgres, _postgres?.Process),
            (StackParts.Mail, Mail.Process),
            (ProviderName, Provider.Process),
            .. Services.Select(program => (program.Name, program.Process)),
            (StackParts.Edge, Edge.Process),
        ];
        return parts.Where(part => part.Item2 is not null).Select(part => (part.Item1, part.Item2!));
    }

    /// <summary>Stops everything in good order, what depends on others first; data and logs stay.</summary>
    public async Task StopAsync()
    {
        await Edge.StopAsync();
        await Task.WhenAll(Services.Select(program => program.StopAsync()));
        await Provider.StopAsync();
        await Task.WhenAll(
            Mail.StopAsync(),
            _broker?.StopAsync() ?? Task.CompletedTask,
            _postgres?.StopAsync() ?? Task.CompletedTask);
    }

    /// <inheritdoc cref="StopAsync" />
    public async ValueTask DisposeAsync() => await StopAsync();

    // One that is left out is expected where its debugger starts it.
    private IReadOnlyList<Uri> Addresses(Service service) => Replicas(service) is { Count: > 0 } replicas
        ? [.. replicas.Select(replica => replica.Address)]
        : [new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", WellKnownPorts[service.Name]).Uri];

    private int? WellKnownPort(string name) => _options.WellKnownPorts ? WellKnownPorts[name] : null;

    private string In(string part) => Path.Combine(_options.Directory, part);

    private DotnetProgram[] Programs(string program, int count)
    {
        var assembly = Assembly(program);
        return
        [
            .. Enumerable.Range(1, count).Select(number =>
            {
                var name = count == 1 ? program : $"{program}-{number}";
                return new DotnetProgram(name, assembly, In(Path.Combine("log", $"{name}.log")), _options.Lifetime, () => _settings.Of(program));
            }),
        ];
    }

    private Lazy<string> Assembly(string program) => new(() => _options.CopyPrograms
        ? BuildOutput.Copy(program, In(Path.Combine("programs", program)))
        : BuildOutput.Assembly(program));
}
