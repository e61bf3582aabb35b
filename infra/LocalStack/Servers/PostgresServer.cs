using System.Globalization;
using Npgsql;

namespace LocalStack;

/// <summary>How a private PostgreSQL is set up; every value has a default that disturbs nobody.</summary>
/// <param name="Directory">Where its data and its log are.</param>
public sealed record PostgresServerOptions(string Directory)
{
    /// <summary>The port; another one is taken where it is in use. Any free one unless set.</summary>
    public int? Port { get; init; }

    /// <summary>The superuser's password, made with the data directory. Random unless set.</summary>
    public string? Password { get; init; }

    /// <summary>Who ends it if nobody stops it.</summary>
    public ProcessLifetime Lifetime { get; init; }
}

/// <summary>
/// A private PostgreSQL made of Debian's package: port and data of its own, as durable as in production. Stopped,
/// killed and started again it keeps its port and its data. Started by root, it runs as an ordinary user.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly PostgresServerOptions _options;

    private PostgresServer(PostgresServerOptions options, int port)
    {
        _options = options;
        Port = port;
        Password = options.Password ?? Secrets.Random();
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The superuser's password.</summary>
    public string Password { get; }

    /// <summary>The superuser's connection to the database "postgres".</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = Superuser,
        Password = Password,
        Database = "postgres",
    }.ConnectionString;

    /// <summary>The server's log.</summary>
    public string Log => Path.Combine(_options.Directory, "postgres.log");

    /// <summary>The server while it runs; null after it was stopped or killed.</summary>
    public ServerProcess? Process { get; private set; }

    private string Data => Path.Combine(_options.Directory, "data");

    /// <summary>Creates the data directory where there is none, starts the server and waits until it answers.</summary>
    /// <exception cref="StackException">It is not installed, or ended while starting; the message ends with its log.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken = default)
    {
        using var port = options.Port is { } p ? PortClaim.Prefer(p) : PortClaim.Any();
        var server = new PostgresServer(options, port.Port);
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

    /// <summary>Takes over a server that another process started.</summary>
    /// <param name="options">As it was started with; the port is the one that it has.</param>
    /// <param name="process">The server.</param>
    public static PostgresServer Attach(PostgresServerOptions options, ServerProcess process)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PostgresServer(options, options.Port!.Value) { Process = process };
    }

    /// <summary>Starts it again after a stop or a kill, and waits until it answers.</summary>
    /// <exception cref="StackException">It ended while starting; the message ends with its log.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var programs = FindPrograms();
        Directory.CreateDirectory(_options.Directory);
        IReadOnlyList<string> prefix = [];
        if (UnprivilegedUser.InsteadOfRoot("postgres") is { } user)
        {
            await user.OwnAsync(_options.Directory, cancellationToken);
            prefix = await user.PrefixAsync(_options.Directory, cancellationToken);
        }

        if (!File.Exists(Path.Combine(Data, "PG_VERSION")))
            await CreateDataDirectoryAsync(programs, prefix, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Data, "postgresql.conf"), Resources.Read("postgres/postgresql.conf"), cancellationToken);

        Process = ServerProcess.Start(
            [.. prefix, Path.Combine(programs, "postgres"), "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture)],
            Log,
            _options.Lifetime);
        await Readiness.WaitAsync("PostgreSQL", Process, Log, AnswersAsync, Patience, cancellationToken);
    }

    /// <summary>Stops it in good order; its clients are disconnected.</summary>
    public async Task StopAsync()
    {
        if (Process is { } server)
            await server.StopAsync(TimeSpan.FromSeconds(30), StopSignal.Interrupt);
        Process = null;
    }

    /// <summary>Kills it with all its backends at once; it recovers from its log when it is started again.</summary>
    public async Task KillAsync()
    {
        if (Process is { } server)
            await server.KillAsync();
        Process = null;
    }

    /// <summary>Stops it in good order and starts it again.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartAsync(cancellationToken);
    }

    /// <summary>Stops it; its directory stays.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task CreateDataDirectoryAsync(string programs, IReadOnlyList<string> prefix, CancellationToken cancellationToken)
    {
        // An earlier attempt that was interrupted leaves a directory that initdb would refuse.
        if (Directory.Exists(Data))
            Directory.Delete(Data, recursive: true);

        var password = Path.Combine(_options.Directory, "password");
        try
        {
            await File.WriteAllTextAsync(password, Password, cancellationToken);
            await Command.RunAsync(
                [
                    .. prefix, Path.Combine(programs, "initdb"), "--pgdata", Data, "--username", Superuser, "--pwfile", password,
                    "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
                ],
                cancellationToken);
        }
        finally
        {
            File.Delete(password);
        }
    }

    private Task<bool> AnswersAsync(CancellationToken cancellationToken) => AnswersAsync(ConnectionString, cancellationToken);

    /// <summary>Whether a server accepts this connection.</summary>
    internal static async Task<bool> AnswersAsync(string connectionString, CancellationToken cancellationToken)
    {
        var answers = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5 };
        await using var connection = new NpgsqlConnection(answers.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return true;
    }

    private static string FindPrograms()
    {
        const string root = "/usr/lib/postgresql";
        var versions = Directory.Exists(root) ? Directory.GetDirectories(root) : [];
        return versions
            .Select(path => (Version: int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0, Programs: Path.Combine(path, "bin")))
            .Where(found => found.Version >= 15 && File.Exists(Path.Combine(found.Programs, "initdb")))
            .OrderByDescending(found => found.Version)
            .Select(found => found.Programs)
            .FirstOrDefault() ?? throw new StackException($"PostgreSQL 15 or later is not installed below {root} (Debian package postgresql).");
    }
}
