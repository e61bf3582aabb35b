using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Contracts.Orders;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.Hosting;
using Services.Tests.Messaging;

namespace Services.Tests.Notifications;

/// <summary>The Notifications service, with a mail server behind a network that can fail. Orders is played by the test.</summary>
public class NotificationsSystem() : ServiceSystem(Routes.Notifications, Project)
{
    public const string Project = "services/Notifications";

    private IChannel _orders = null!;

    /// <summary>How long a notification may wait on the broker.</summary>
    protected virtual TimeSpan Lifetime => TimeSpan.FromDays(1);

    public SmtpSink Mail { get; } = new();

    /// <summary>The way from the service to the mail server.</summary>
    public TcpProxy MailNetwork { get; private set; } = null!;

    protected override IReadOnlyDictionary<string, TimeSpan> Ttls => new Dictionary<string, TimeSpan> { ["order-notifications"] = Lifetime };

    protected override IReadOnlyDictionary<string, string?> OwnSettings => new Dictionary<string, string?>
    {
        ["Smtp__Host"] = "127.0.0.1",
        ["Smtp__Port"] = MailNetwork.Port.ToString(CultureInfo.InvariantCulture),
        ["Smtp__From"] = "shop@shop.example",
        ["Smtp__Recipient"] = "{customerId}@customers.example",
        ["Smtp__SendTimeout"] = "00:00:03",
        ["Smtp__FirstDelay"] = "00:00:00.100",
        ["Smtp__LongestDelay"] = "00:00:00.500",
    };

    protected override async Task OpenSurroundingsAsync()
    {
        MailNetwork = Opened(TcpProxy.To("127.0.0.1", Opened(Mail).Port));
        var connection = Opened(await new ConnectionFactory { Uri = AddressOf(Routes.Orders) }.CreateConnectionAsync());
        _orders = Opened(await connection.ConfirmedChannelAsync());
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
        await using var connection = await new ConnectionFactory { Uri = AddressOf(Routes.Notifications) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await channel.MessageCountAsync(queue);
    }

    /// <summary>Publishes straight to a queue's exchange in the notifications virtual host, with headers of the test's choice.</summary>
    public async Task SendConfirmationAsync(Guid orderId, string queue, IDictionary<string, object?> headers)
    {
        await using var connection = await new ConnectionFactory { Uri = AddressOf(Routes.Notifications) }.CreateConnectionAsync();
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
