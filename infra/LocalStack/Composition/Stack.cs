using System.Globalization;
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
        [StackParts.Edge] = 8080,
        ["orders"] = 5001,
        ["payments"] = 5002,
        ["notifications"] = 5003,
        [ProviderName] = 5004,
        [StackParts.Broker] = 5672,
        [StackParts.Management] = 15672,
        [StackParts.Postgres] = 5432,
        [StackParts.Mail] = 1025,
    };

    private readonly StackOptions _options;
    private readonly ServiceSettings _settings;
    private readonly Dictionary<string, IReadOnlyList<DotnetProgram>> _services = [];
    private readonly Dictionary<string, int> _earlierPorts = [];
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
        if (Edge.Process is null)
            await StartEdgeAsync(cancellationToken);
        if (_options.WellKnownPorts && Moved().ToList() is { Count: > 0 } moved)
            say($"Ports that somebody else has are replaced: {string.Join(", ", moved)}.");
    }

    /// <summary>Takes over what another process has left running; what has ended since gets the port that it had.</summary>
    internal void Attach(StackState earlier)
    {
        foreach (var part in earlier.Parts)
            _earlierPorts[part.Name] = part.Port;
        _earlierPorts[StackParts.Management] = earlier.ManagementPort;

        var running = earlier.Running.ToDictionary(part => part.Name, part => part.Process);
        if (running.TryGetValue(StackParts.Broker, out var broker))
            _broker = BrokerServer.Attach(BrokerOptions(), broker, running[StackParts.PortMapper]);
        if (running.TryGetValue(StackParts.Postgres, out var postgres))
            _postgres = PostgresServer.Attach(PostgresOptions(), postgres);
        if (running.TryGetValue(StackParts.Mail, out var mail))
            Mail.Attach(mail, _earlierPorts[StackParts.Mail]);
        foreach (var program in Services.Prepend(Provider).Where(program => running.ContainsKey(program.Name)))
            program.Attach(running[program.Name], _earlierPorts[program.Name]);
        if (running.TryGetValue(StackParts.Edge, out var edge))
            Edge.Attach(edge, _earlierPorts[StackParts.Edge]);
    }

    /// <summary>Starts broker, database and mail server where they do not run.</summary>
    public async Task StartServersAsync(CancellationToken cancellationToken = default)
    {
        async Task BrokerAsync()
        {
            if (_broker is null)
            {
                _broker = await BrokerServer.StartAsync(BrokerOptions(), cancellationToken);
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
                _postgres = await PostgresServer.StartAsync(PostgresOptions(), cancellationToken);
            }
            else if (_postgres.Process is null)
            {
                await _postgres.StartAsync(cancellationToken);
            }
        }

        await Task.WhenAll(
            BrokerAsync(),
            PostgresAsync(),
            Mail.Process is null ? Mail.StartAsync(PreferredPort(StackParts.Mail), cancellationToken) : Task.CompletedTask);
    }

    /// <summary>Applies the routing table, and creates and migrates the databases of the services that do not run yet.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken = default)
    {
        async Task DatabaseAsync(Service service)
        {
            await DatabaseProvisioning.CreateAsync(Postgres.ConnectionString, DevelopmentSecrets.Database(service), cancellationToken);
            // One that is left out is still migrated: its debugger finds everything as it would be.
            var program = Replicas(service).Count > 0 ? this[service] : Programs(service.Name, count: 1)[0];
            await program.RunToEndAsync("migrate", cancellationToken);
        }

        await Task.WhenAll(
        [
            ApplyTopologyAsync(TopologyOptions, cancellationToken),
            .. Routes.Services.Where(service => !Runs(service.Name)).Select(DatabaseAsync),
        ]);
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
            Provider.Start(PreferredPort(ProviderName));
        foreach (var (name, replicas) in _services)
            for (var i = 0; i < replicas.Count; i++)
                if (replicas[i].Process is null)
                    replicas[i].Start(PreferredPort(replicas[i].Name, wellKnown: i == 0 ? name : null));
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
        PreferredPort(StackParts.Edge),
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

    private BrokerServerOptions BrokerOptions() => new(In("rabbitmq"))
    {
        Port = PreferredPort(StackParts.Broker),
        ManagementPort = PreferredPort(StackParts.Management),
        Password = DevelopmentSecrets.BrokerAdministrator,
        Lifetime = _options.Lifetime,
    };

    private PostgresServerOptions PostgresOptions() => new(In("postgres"))
    {
        Port = PreferredPort(StackParts.Postgres),
        Password = DevelopmentSecrets.PostgresSuperuser,
        Lifetime = _options.Lifetime,
    };

    private IEnumerable<string> Moved()
    {
        (string Part, int Port)[] ports =
        [
            (StackParts.Edge, Edge.Port),
            .. Routes.Services.Where(service => Replicas(service).Count > 0).Select(service => (service.Name, this[service].Port)),
            (ProviderName, Provider.Port),
            (StackParts.Broker, Broker.Port),
            (StackParts.Management, Broker.ManagementPort),
            (StackParts.Postgres, Postgres.Port),
            (StackParts.Mail, Mail.Port),
        ];
        return ports.Where(taken => taken.Port != WellKnownPorts[taken.Part])
            .Select(taken => string.Create(CultureInfo.InvariantCulture, $"{taken.Part} ({taken.Port} instead of {WellKnownPorts[taken.Part]})"));
    }

    private int? PreferredPort(string part) => PreferredPort(part, part);

    // The port that the part had, else the one that is known for it.
    private int? PreferredPort(string part, string? wellKnown) =>
        _earlierPorts.TryGetValue(part, out var earlier) ? earlier
        : _options.WellKnownPorts && wellKnown is not null && WellKnownPorts.TryGetValue(wellKnown, out var port) ? port
        : null;

    private bool Runs(string service) => _services[service].Any(replica => replica.Process is not null);

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

    private Lazy<string> Assembly(string program) => new(() =>
    {
        if (!_options.CopyPrograms)
            return BuildOutput.Assembly(program);
        var copy = In(Path.Combine("programs", program));
        // What a replica runs from stays as it is.
        return _services.ContainsKey(program) && Runs(program) ? BuildOutput.CopyIn(program, copy) : BuildOutput.Copy(program, copy);
    });
}
