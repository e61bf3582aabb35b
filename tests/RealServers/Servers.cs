using LocalStack;
using Npgsql;

namespace RealServers;

/// <summary>
/// A real RabbitMQ and a real PostgreSQL. They are those that the environment variables REALSERVERS_BROKER
/// (amqp://admin:password@host:port), REALSERVERS_MANAGEMENT (http://admin:password@host:port) and
/// REALSERVERS_POSTGRES (a superuser's connection string) name, or else such that all test processes of this checkout
/// share: the first starts them, and they stop when the last has gone. These are native servers, or with
/// REALSERVERS_CONTAINERS=1 containers from the images that docker-compose.yml names.
/// </summary>
public sealed class Servers
{
    private static readonly Lazy<Task<Servers>> Shared = new(FindAsync);

    private readonly ManagementApi _management;

    private Servers(Uri broker, Uri management, string postgres)
    {
        Broker = broker;
        Management = management;
        Postgres = postgres;
        _management = new ManagementApi(management);
    }

    /// <summary>The broker, as its administrator: amqp://admin:password@host:port.</summary>
    public Uri Broker { get; }

    /// <summary>The broker's management API, with the administrator's name and password.</summary>
    public Uri Management { get; }

    /// <summary>PostgreSQL, as its superuser.</summary>
    public string Postgres { get; }

    /// <summary>The servers of this test run, ready to be used.</summary>
    public static Task<Servers> GetAsync() => Shared.Value;

    /// <summary>Wraps a broker and a PostgreSQL of a test's own.</summary>
    public static Servers Of(BrokerServer broker, PostgresServer postgres)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentNullException.ThrowIfNull(postgres);
        return new Servers(broker.Uri, broker.ManagementUri, postgres.ConnectionString);
    }

    /// <summary>Creates an empty virtual host with a user that has every right in it and none elsewhere.</summary>
    /// <param name="label">What it is for; its name begins with it.</param>
    public async Task<TestVirtualHost> CreateVirtualHostAsync(string label)
    {
        var name = Names.Unique(label, '-');
        var host = new TestVirtualHost(_management, Broker.Host, Broker.Port, name, name, Names.Password());
        await host.CreateAsync(Uri.UnescapeDataString(Broker.UserInfo.Split(':')[0]));
        return host;
    }

    /// <summary>Creates an empty database with an owner and a runtime role that may read and write rows but define nothing.</summary>
    /// <param name="label">What it is for; its name begins with it.</param>
    public async Task<TestDatabase> CreateDatabaseAsync(string label)
    {
        var database = new TestDatabase(Postgres, new DatabaseAccount(Names.Unique(label, '_'), Names.Password(), Names.Password()));
        await database.CreateAsync();
        return database;
    }

    private static async Task<Servers> FindAsync()
    {
        var broker = Environment.GetEnvironmentVariable("REALSERVERS_BROKER");
        var management = Environment.GetEnvironmentVariable("REALSERVERS_MANAGEMENT");
        var postgres = Environment.GetEnvironmentVariable("REALSERVERS_POSTGRES");
        if (broker is not null && management is not null && postgres is not null)
            return new Servers(new Uri(broker), new Uri(management), new NpgsqlConnectionStringBuilder(postgres).ConnectionString);
        if (broker is not null || management is not null || postgres is not null)
            throw new StackException("Set all of REALSERVERS_BROKER, REALSERVERS_MANAGEMENT and REALSERVERS_POSTGRES, or none of them.");

        var inContainers = Environment.GetEnvironmentVariable("REALSERVERS_CONTAINERS") switch
        {
            null or "" or "0" => false,
            "1" => true,
            var other => throw new StackException($"REALSERVERS_CONTAINERS is 1 for servers in containers, or 0; it is {other}."),
        };
        var run = await TestRun.JoinAsync(
            inContainers ? TestRunDirectory.OfCheckoutInContainers : TestRunDirectory.OfCheckout, inContainers, Console.Error.WriteLine);
        return new Servers(new Uri(run.Broker), new Uri(run.Management), run.Postgres);
    }
}
