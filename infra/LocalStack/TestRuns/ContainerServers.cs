using System.Globalization;
using Npgsql;

namespace LocalStack;

/// <summary>
/// The broker and the database of a test run in containers, from the images that docker-compose.yml names. Disposed, or
/// when their owner is gone, they go without a trace.
/// </summary>
internal sealed class ContainerServers : ITestServers
{
    /// <summary>The broker's image, as in docker-compose.yml.</summary>
    public const string BrokerImage = "rabbitmq:4-management";

    /// <summary>The database's image, as in docker-compose.yml.</summary>
    public const string PostgresImage = "postgres:17";

    private const string User = "admin";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ServerContainer _broker;
    private readonly ServerContainer _postgres;

    private ContainerServers(ServerContainer broker, ServerContainer postgres, TestRunServers servers)
    {
        (_broker, _postgres) = (broker, postgres);
        Servers = servers;
    }

    /// <summary>Where they are.</summary>
    public TestRunServers Servers { get; }

    /// <summary>Starts both and waits until they answer.</summary>
    /// <param name="run">The run; their settings and logs are in its directory.</param>
    /// <param name="say">Tells the user what takes its time.</param>
    /// <exception cref="StackException">There is no engine, no image, or a server does not start.</exception>
    public static async Task<ContainerServers> StartAsync(TestRunDirectory run, Action<string> say)
    {
        if (await Docker.FindEngineAsync(CancellationToken.None) is (null, var whyNot))
            throw new StackException($"The test run's servers cannot be containers: {whyNot}.");
        foreach (var image in new[] { BrokerImage, PostgresImage })
            await EnsureAsync(image, say);

        using var amqp = PortClaim.Any();
        using var management = PortClaim.Any();
        using var sql = PortClaim.Any();
        var password = Secrets.Random();
        var broker = StartBroker(run, amqp.Port, management.Port, password);
        var postgres = StartPostgres(run, sql.Port, password);
        try
        {
            var servers = new TestRunServers(
                Text($"amqp://{User}:{password}@127.0.0.1:{amqp.Port}"),
                Text($"http://{User}:{password}@127.0.0.1:{management.Port}"),
                new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = sql.Port, Username = "postgres", Password = password, Database = "postgres" }.ConnectionString);
            await Task.WhenAll(
                broker.WaitAsync("RabbitMQ", cancellation => BrokerServer.AnswersAsync(new Uri(servers.Management), amqp.Port, cancellation), Patience),
                postgres.WaitAsync("PostgreSQL", cancellation => PostgresServer.AnswersAsync(servers.Postgres, cancellation), Patience));
            return new ContainerServers(broker, postgres, servers);
        }
        catch
        {
            await Task.WhenAll(broker.RemoveAsync(), postgres.RemoveAsync());
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_broker.RemoveAsync(), _postgres.RemoveAsync());

    private static ServerContainer StartBroker(TestRunDirectory run, int amqp, int management, string password)
    {
        // Shovels run in the container and the tests outside of it: both reach the broker at the same address.
        var settings = Path.Combine(run.Data, "rabbitmq.conf");
        Directory.CreateDirectory(run.Data);
        File.WriteAllText(settings, Text($"""
            listeners.tcp.default = {amqp}
            management.tcp.port = {management}
            vm_memory_high_watermark.absolute = 1GB
            disk_free_limit.absolute = 200MB

            """));
        return ServerContainer.Start(
            run,
            BrokerImage,
            Path.Combine(run.Data, "rabbitmq.log"),
            [
                "--hostname", "rabbitmq",
                "--publish", Text($"127.0.0.1:{amqp}:{amqp}"),
                "--publish", Text($"127.0.0.1:{management}:{management}"),
                "--volume", $"{Path.Combine(Checkout.Root, "infra", "rabbitmq", "enabled_plugins")}:/etc/rabbitmq/enabled_plugins:ro",
                "--volume", $"{settings}:/etc/rabbitmq/conf.d/20-tests.conf:ro",
            ],
            new Dictionary<string, string?> { ["RABBITMQ_DEFAULT_USER"] = User, ["RABBITMQ_DEFAULT_PASS"] = password },
            "rabbitmq-server");
    }

    private static ServerContainer StartPostgres(TestRunDirectory run, int port, string password) => ServerContainer.Start(
        run,
        PostgresImage,
        Path.Combine(run.Data, "postgres.log"),
        ["--publish", Text($"127.0.0.1:{port}:5432"), "--shm-size", "256m"],
        new Dictionary<string, string?> { ["POSTGRES_PASSWORD"] = password },
        "postgres", "-c", "max_connections=500", "-c", "max_wal_size=1GB", "-c", "timezone=UTC");

    private static async Task EnsureAsync(string image, Action<string> say)
    {
        if (await Command.SucceedsAsync(["docker", "image", "inspect", image], CancellationToken.None))
            return;
        say($"Pulling {image}.");
        await Heartbeat.WhileAsync(Command.RunAsync(["docker", "pull", "--quiet", image], CancellationToken.None), "still pulling", say);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
