using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Contracts.Orders;
using Npgsql;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.Hosting;
using Services.Tests.Messaging;
using Topology;
using Xunit;

namespace Services.Tests.Notifications;

/// <summary>The Notifications service with a database, a mail server and the whole broker topology of its own. Orders is played by the test.</summary>
public class NotificationsSystem : IAsyncLifetime
{
    public const string Project = "services/Notifications";

    private readonly string _prefix = $"n{Guid.NewGuid():N}"[..9] + "-";
    private Servers _servers = null!;
    private TestDatabase _database = null!;
    private BrokerTopology _topology = null!;
    private IConnection _connection = null!;
    private IChannel _orders = null!;

    /// <summary>How long a notification may wait on the broker.</summary>
    protected virtual TimeSpan Lifetime => TimeSpan.FromDays(1);

    public ServiceProcess Service { get; private set; } = null!;

    public SmtpSink Mail { get; } = new();

    /// <summary>The way from the service to the mail server.</summary>
    public TcpProxy MailNetwork { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    private Dictionary<string, string?> Settings => new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Database"] = _database.ConnectionString,
        ["ConnectionStrings__DatabaseOwner"] = _database.OwnerConnectionString,
        ["ConnectionStrings__Broker"] = _topology.AddressOf(Routes.Notifications).ToString(),
        ["Smtp__Host"] = "127.0.0.1",
        ["Smtp__Port"] = MailNetwork.Port.ToString(CultureInfo.InvariantCulture),
        ["Smtp__From"] = "shop@shop.example",
        ["Smtp__Recipient"] = "{customerId}@customers.example",
        ["Smtp__SendTimeout"] = "00:00:03",
        ["Smtp__FirstDelay"] = "00:00:00.100",
        ["Smtp__LongestDelay"] = "00:00:00.500",
    };

    public async ValueTask InitializeAsync()
    {
        _servers = await Servers.GetAsync();
        _database = await _servers.CreateDatabaseAsync("notifications");
        _topology = BrokerTopology.From(new TopologyOptions
        {
            Prefix = _prefix,
            Broker = new UriBuilder(_servers.Broker) { UserName = "", Password = "" }.Uri,
            Ttls = new Dictionary<string, TimeSpan> { ["order-notifications"] = Lifetime },
        });
        using (var management = new Topology.ManagementApi(_servers.Management))
            await _topology.ApplyAsync(management);

        MailNetwork = TcpProxy.To("127.0.0.1", Mail.Port);
        var (exitCode, output, error) = await ServiceProcess.RunAsync(Project, ["migrate"], Settings);
        if (exitCode != 0)
            throw new InvalidOperationException($"migrate failed: {output} {error}");

        Database = NpgsqlDataSource.Create(_database.OwnerConnectionString);
        _connection = await new ConnectionFactory { Uri = _topology.AddressOf(Routes.Orders) }.CreateConnectionAsync();
        _orders = await _connection.ConfirmedChannelAsync();
        await StartAsync();
    }

    /// <summary>Starts the service, for the first time or after a test has ended it.</summary>
    public async Task StartAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        Service = await ServiceProcess.StartAsync(Project, Settings);
        await Service.ReadyAsync();
    }

    /// <summary>Starts another instance of the service on the same queue and database.</summary>
    public async Task<ServiceProcess> StartAnotherAsync()
    {
        var another = await ServiceProcess.StartAsync(Project, Settings);
        await another.ReadyAsync();
        return another;
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        if (_orders is not null)
            await _orders.DisposeAsync();
        if (_connection is not null)
            await _connection.DisposeAsync();
        if (MailNetwork is not null)
            await MailNetwork.DisposeAsync();
        await Mail.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        if (_topology is not null)
        {
            using var management = new Topology.ManagementApi(_servers.Management);
            await _topology.RemoveAsync(management);
        }

        if (_database is not null)
            await _database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Publishes in the orders virtual host that an order is confirmed.</summary>
    public Task ConfirmAsync(Guid orderId, string customerId = "ada", Guid? messageId = null) =>
        _orders.PublishMessageAsync(Confirmation(orderId, customerId), messageId);

    /// <summary>Publishes in the orders virtual host that an order is cancelled.</summary>
    public Task CancelAsync(Guid orderId, string reason, Money? refunded = null) => _orders.PublishMessageAsync(new OrderCancelled
    {
        OrderId = orderId,
        CustomerId = "ada",
        Total = new Money(2500, "EUR"),
        Reason = reason,
        Refunded = refunded,
        CancelledAt = DateTimeOffset.UtcNow,
    });

    /// <summary>Messages waiting in a queue of the notifications virtual host.</summary>
    public async Task<uint> WaitingInAsync(string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = _topology.AddressOf(Routes.Notifications) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await channel.MessageCountAsync(queue);
    }

    /// <summary>Publishes straight to a queue's exchange in the notifications virtual host, with headers of the test's choice.</summary>
    public async Task SendConfirmationAsync(Guid orderId, string queue, IDictionary<string, object?> headers)
    {
        await using var connection = await new ConnectionFactory { Uri = _topology.AddressOf(Routes.Notifications) }.CreateConnectionAsync();
        await using var channel = await connection.ConfirmedChannelAsync();
        await channel.PublishMessageAsync(Confirmation(orderId, "ada"), exchange: queue, headers: headers);
    }

    /// <summary>Waits until a notification of the order has this state.</summary>
    public Task ReachesAsync(Guid orderId, string state) => Eventually.TrueAsync(
        async () => (await ListAsync(orderId)).Any(item => item.GetProperty("state").GetString() == state), $"a notification of order {orderId} is {state}");

    public async Task<IReadOnlyList<JsonElement>> ListAsync(Guid orderId, string key = "dev-operator")
    {
        using var http = Service.Client(key);
        var list = await http.GetFromJsonAsync<JsonElement>($"/notifications?orderId={orderId}");
        return [.. list.GetProperty("items").EnumerateArray()];
    }

    private static OrderConfirmed Confirmation(Guid orderId, string customerId) => new()
    {
        OrderId = orderId,
        CustomerId = customerId,
        Total = new Money(2500, "EUR"),
        Lines = [new OrderLine("coffee-1kg", 2, 1250)],
        ConfirmedAt = DateTimeOffset.UtcNow,
    };
}
