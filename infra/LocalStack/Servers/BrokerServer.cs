using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace LocalStack;

/// <summary>How a private broker is set up; every value has a default that disturbs nobody.</summary>
/// <param name="Directory">Where its data, its log and its Erlang cookie are.</param>
public sealed record BrokerServerOptions(string Directory)
{
    /// <summary>The AMQP port; another one is taken where it is in use. Any free one unless set.</summary>
    public int? Port { get; init; }

    /// <summary>The management API's port; another one is taken where it is in use. Any free one unless set.</summary>
    public int? ManagementPort { get; init; }

    /// <summary>The administrator's password, made with the data directory. Random unless set.</summary>
    public string? Password { get; init; }

    /// <summary>The largest message that it accepts, in bytes. RabbitMQ's own limit unless set.</summary>
    public int? MaxMessageSize { get; init; }

    /// <summary>Who ends it if nobody stops it.</summary>
    public ProcessLifetime Lifetime { get; init; }
}

/// <summary>
/// A private RabbitMQ made of Debian's package: node name, cookie, Erlang port mapper, ports and data of its own.
/// Stopped, killed and started again it keeps its ports and its data.
/// </summary>
public sealed class BrokerServer : IAsyncDisposable
{
    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly BrokerServerOptions _options;
    private readonly string _node;
    private readonly int _portMapperPort;
    private readonly int _distributionPort;

    private BrokerServer(BrokerServerOptions options, int port, int managementPort, int portMapperPort, int distributionPort)
    {
        _options = options;
        _portMapperPort = portMapperPort;
        _distributionPort = distributionPort;
        Port = port;
        ManagementPort = managementPort;
        Password = options.Password ?? Secrets.Random();
        // The data directory is named after the node, so its name may not depend on the ports of the day.
        _node = "stack@localhost";
    }

    /// <summary>The AMQP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The management API's port on 127.0.0.1.</summary>
    public int ManagementPort { get; }

    /// <summary>The administrator's name.</summary>
    public string Username { get; } = "admin";

    /// <summary>The administrator's password.</summary>
    public string Password { get; }

    /// <summary>The administrator's connection to the virtual host "/".</summary>
    public Uri Uri => new(string.Create(CultureInfo.InvariantCulture, $"amqp://{Username}:{Password}@127.0.0.1:{Port}"));

    /// <summary>The management API, with the administrator's name and password.</summary>
    public Uri ManagementUri => new(string.Create(CultureInfo.InvariantCulture, $"http://{Username}:{Password}@127.0.0.1:{ManagementPort}"));

    /// <summary>The broker's log.</summary>
    public string Log => Path.Combine(_options.Directory, "broker.log");

    // What it prints while it starts, and why it does not; its log proper is coloured when it goes here.
    private string Output => Path.Combine(_options.Directory, "broker.out");

    /// <summary>The broker while it runs; null after it was stopped or killed.</summary>
    public ServerProcess? Process { get; private set; }

    /// <summary>The Erlang port mapper, which only this broker uses.</summary>
    public ServerProcess? PortMapper { get; private set; }

    /// <summary>Starts a broker and waits until it answers on both ports.</summary>
    /// <exception cref="StackException">It is not installed, or ended while starting; the message ends with its log.</exception>
    public static async Task<BrokerServer> StartAsync(BrokerServerOptions options, CancellationToken cancellationToken = default)
    {
        using var port = options.Port is { } p ? PortClaim.Prefer(p) : PortClaim.Any();
        using var managementPort = options.ManagementPort is { } m ? PortClaim.Prefer(m) : PortClaim.Any();
        using var portMapperPort = PortClaim.Any();
        using var distributionPort = PortClaim.Any();
        var server = new BrokerServer(options, port.Port, managementPort.Port, portMapperPort.Port, distributionPort.Port);
        try
        {
            await server.StartAsync(cancellationToken);
        }
        catch
        {
            await server.KillAsync();
            throw;
        }

        return server;
    }

    /// <summary>Takes over a broker that another process started.</summary>
    /// <param name="options">As it was started with; the ports are those that it has.</param>
    /// <param name="process">The broker.</param>
    /// <param name="portMapper">Its Erlang port mapper.</param>
    public static BrokerServer Attach(BrokerServerOptions options, ServerProcess process, ServerProcess portMapper)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new BrokerServer(options, options.Port!.Value, options.ManagementPort!.Value, portMapperPort: 0, distributionPort: 0)
        {
            Process = process,
            PortMapper = portMapper,
        };
    }

    /// <summary>Starts it again after a stop or a kill, and waits until it answers.</summary>
    /// <exception cref="StackException">It ended while starting; the message ends with its log.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (!File.Exists(Program))
            throw new StackException($"RabbitMQ is not installed: there is no {Program} (Debian package rabbitmq-server).");

        var environment = WriteConfiguration();
        PortMapper = ServerProcess.Start(
            ["epmd", "-address", "127.0.0.1", "-port", _portMapperPort.ToString(CultureInfo.InvariantCulture)],
            Path.Combine(_options.Directory, "epmd.log"),
            _options.Lifetime,
            environment);
        Process = ServerProcess.Start([Program], Output, _options.Lifetime, environment);
        await Readiness.WaitAsync("RabbitMQ", Process, Output, AnswersAsync, Patience, cancellationToken);
    }

    /// <summary>Stops it in good order.</summary>
    public async Task StopAsync()
    {
        if (Process is { } broker)
            await broker.StopAsync(TimeSpan.FromSeconds(30));
        await KillAsync();
    }

    /// <summary>Kills it at once; what it had not written is lost.</summary>
    public async Task KillAsync()
    {
        if (Process is { } broker)
            await broker.KillAsync();
        if (PortMapper is { } mapper)
            await mapper.KillAsync();
        (Process, PortMapper) = (null, null);
    }

    /// <summary>Stops it in good order and starts it again.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <summary>Stops it; its directory stays.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private Dictionary<string, string?> WriteConfiguration()
    {
        string Path(string name) => System.IO.Path.Combine(_options.Directory, name);
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

        System.IO.Directory.CreateDirectory(Path("home"));
        File.WriteAllText(Path("enabled_plugins"), "[rabbitmq_management,rabbitmq_shovel,rabbitmq_shovel_management].\n");
        var limit = _options.MaxMessageSize is { } size ? $"max_message_size = {Text(size)}\n" : "";
        File.WriteAllText(Path("rabbitmq.conf"), limit + Resources.Read("rabbitmq/native.conf")
            .Replace("{port}", Text(Port), StringComparison.Ordinal)
            .Replace("{management_port}", Text(ManagementPort), StringComparison.Ordinal)
            .Replace("{log}", Log, StringComparison.Ordinal)
            .Replace("{user}", Username, StringComparison.Ordinal)
            .Replace("{password}", Password, StringComparison.Ordinal));

        return new Dictionary<string, string?>
        {
            ["HOME"] = Path("home"),
            ["RABBITMQ_NODENAME"] = _node,
            ["RABBITMQ_DIST_PORT"] = Text(_distributionPort),
            ["ERL_EPMD_PORT"] = Text(_portMapperPort),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_CONFIG_FILE"] = Path("rabbitmq.conf"),
            ["RABBITMQ_CONF_ENV_FILE"] = Path("rabbitmq-env.conf"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path("enabled_plugins"),
            ["RABBITMQ_MNESIA_BASE"] = Path("data"),
            ["RABBITMQ_LOG_BASE"] = Path("log"),
            ["RABBITMQ_GENERATED_CONFIG_DIR"] = Path("config"),
            ["RABBITMQ_PID_FILE"] = Path("broker.pid"),
            // With input "allowed" the script replaces itself with the broker, so that signals reach the broker.
            ["RABBITMQ_ALLOW_INPUT"] = "1",
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
        };
    }

    private Task<bool> AnswersAsync(CancellationToken cancellationToken) => AnswersAsync(ManagementUri, Port, cancellationToken);

    /// <summary>Whether a broker listens on its AMQP port and says so.</summary>
    /// <param name="management">Its management API, with the administrator's name and password.</param>
    /// <param name="port">The port as the broker knows it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<bool> AnswersAsync(Uri management, int port, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes(management.UserInfo)));
        // Fails until the listener is up; the plugins start before it.
        var check = string.Create(CultureInfo.InvariantCulture, $"http://{management.Authority}/api/health/checks/port-listener/{port}");
        using var response = await client.GetAsync(new Uri(check), cancellationToken);
        return response.IsSuccessStatusCode;
    }
}
