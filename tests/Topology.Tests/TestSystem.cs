using System.Text;
using Contracts;
using RabbitMQ.Client;
using RealServers;
using Xunit;

namespace Topology.Tests;

/// <summary>The virtual hosts and users of one test or test class, on the broker that all share.</summary>
public sealed class TestSystem : IAsyncLifetime
{
    private readonly List<IConnection> _connections = [];
    private Servers _servers = null!;

    /// <summary>Settings with this system's names; change them with <c>with</c>.</summary>
    public TopologyOptions Options { get; private set; } = null!;

    /// <summary>The broker as its administrator.</summary>
    public ManagementApi Broker { get; private set; } = null!;

    /// <summary>The routing table under this system's names.</summary>
    public BrokerTopology Topology { get; private set; } = null!;

    /// <summary>Names, but nothing applied yet.</summary>
    public static async Task<TestSystem> NameAsync()
    {
        var system = new TestSystem { _servers = await Servers.GetAsync() };
        system.Broker = new ManagementApi(system._servers.Management);
        system.Options = new TopologyOptions
        {
            Prefix = $"t{Guid.NewGuid().ToString("N")[..8]}-",
            Broker = new Uri($"amqp://{system._servers.Broker.Authority}"),
        };
        system.Topology = BrokerTopology.From(system.Options);
        return system;
    }

    /// <summary>A system of its own for one test that breaks things.</summary>
    public static async Task<TestSystem> ApplyAsync(Func<TopologyOptions, TopologyOptions>? settings = null)
    {
        var system = await NameAsync();
        system.Use(settings?.Invoke(system.Options) ?? system.Options);
        await system.Topology.ApplyAsync(system.Broker);
        return system;
    }

    public async ValueTask InitializeAsync()
    {
        var system = await ApplyAsync();
        (_servers, Options, Broker, Topology) = (system._servers, system.Options, system.Broker, system.Topology);
    }

    /// <summary>Has other settings from now on; they are not applied yet.</summary>
    public void Use(TopologyOptions options, RoutingTable? table = null)
    {
        Options = options;
        Topology = BrokerTopology.From(table ?? RoutingTable.OfContracts, options);
    }

    public string VirtualHostOf(Service service) => Options.VirtualHostOf(service);

    /// <summary>A confirming channel as the service's own user.</summary>
    public Task<IChannel> ConnectAsync(Service service) => ConnectAsync(Topology.AddressOf(service));

    /// <summary>A confirming channel as the administrator.</summary>
    public Task<IChannel> ConnectAsAdministratorAsync(Service service) =>
        ConnectAsync(new UriBuilder(_servers.Broker) { Path = Uri.EscapeDataString(VirtualHostOf(service)) }.Uri);

    public async Task<IChannel> ConnectAsync(Uri address)
    {
        var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        _connections.Add(connection);
        return await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync();
        await Topology.RemoveAsync(Broker);
        Broker.Dispose();
    }
}

internal static class ChannelExtensions
{
    /// <summary>Publishes persistently and returns when the broker has confirmed it.</summary>
    public static ValueTask PublishAsync(this IChannel channel, string exchange, string body, string routingKey = "") =>
        channel.BasicPublishAsync(
            exchange,
            routingKey,
            mandatory: true,
            new BasicProperties { Persistent = true, MessageId = body },
            Encoding.UTF8.GetBytes(body));

    /// <summary>Waits for the next message and takes it.</summary>
    public static Task<BasicGetResult> TakeAsync(this IChannel channel, string queue) =>
        Eventually.ValueAsync(() => channel.BasicGetAsync(queue, autoAck: true), $"a message in {queue}");

    /// <summary>Takes messages until as many have come.</summary>
    public static async Task<IReadOnlyList<string>> TakeAsync(this IChannel channel, string queue, int count)
    {
        var bodies = new List<string>();
        while (bodies.Count < count)
            bodies.Add(Text(await channel.TakeAsync(queue)));
        return bodies;
    }

    public static string Text(this BasicGetResult message) => Encoding.UTF8.GetString(message.Body.Span);
}
