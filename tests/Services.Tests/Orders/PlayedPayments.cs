using System.Collections.Concurrent;
using System.Text.Json;
using Contracts.Payments;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RealServers;
using Services.Tests.Messaging;

namespace Services.Tests.Orders;

/// <summary>Stands where the Payments service stands: takes the commands off its queues and answers as the test wishes.</summary>
public sealed class PlayedPayments : IAsyncDisposable
{
    private static readonly string[] Queues = ["authorize-payment", "capture-payment", "reverse-payment"];

    private readonly ConcurrentDictionary<(Guid Order, string Queue, int Attempt), int> _received = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private PlayedPayments(IConnection connection, IChannel channel)
    {
        _connection = connection;
        _channel = channel;
    }

    public static async Task<PlayedPayments> ConnectAsync(Uri address)
    {
        var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        var channel = await connection.ConfirmedChannelAsync();
        var payments = new PlayedPayments(connection, channel);

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += payments.ReceiveAsync;
        foreach (var queue in Queues)
            await channel.BasicConsumeAsync(queue, autoAck: true, consumerTag: queue, consumer);
        return payments;
    }

    /// <summary>Whether every authorization and capture is granted as soon as it is asked for.</summary>
    public bool GrantsEverything { get; set; }

    /// <summary>Waits until the command has come.</summary>
    public Task AskedToAsync(string queue, Guid orderId, int attempt = 1) => Eventually.TrueAsync(
        () => _received.ContainsKey((orderId, queue, attempt)), $"{queue} #{attempt} for order {orderId}");

    public int TimesAsked(string queue, Guid orderId, int attempt = 1) => _received.GetValueOrDefault((orderId, queue, attempt));

    public Task AuthorizedAsync(Guid orderId, int attempt = 1) => PublishAsync(new PaymentAuthorized
    {
        OrderId = orderId,
        Attempt = attempt,
        Amount = new(2500, "EUR"),
        AuthorizationId = $"auth-{attempt}",
        AuthorizedAt = DateTimeOffset.UtcNow,
    });

    public Task DeclinedAsync(Guid orderId, int attempt = 1) => PublishAsync(new PaymentDeclined
    {
        OrderId = orderId,
        Attempt = attempt,
        Reason = "insufficient_funds",
        DeclinedAt = DateTimeOffset.UtcNow,
    });

    public Task FailedAsync(Guid orderId, PaymentOperation operation, int attempt = 1) => PublishAsync(new PaymentFailed
    {
        OrderId = orderId,
        Operation = operation,
        Attempt = attempt,
        Reason = "timeout",
        FailedAt = DateTimeOffset.UtcNow,
    });

    public Task CapturedAsync(Guid orderId) => PublishAsync(new PaymentCaptured
    {
        OrderId = orderId,
        Amount = new(2500, "EUR"),
        CaptureId = "cap-1",
        CapturedAt = DateTimeOffset.UtcNow,
    });

    public Task ReversedAsync(Guid orderId, ReversalOutcome outcome, int attempt = 1) => PublishAsync(new PaymentReversed
    {
        OrderId = orderId,
        Attempt = attempt,
        Outcome = outcome,
        ReversedAt = DateTimeOffset.UtcNow,
    });

    /// <summary>Publishes in the payments virtual host.</summary>
    public Task PublishAsync<T>(T message, Guid? messageId = null)
        where T : class => _channel.PublishMessageAsync(message, messageId);

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task ReceiveAsync(object sender, BasicDeliverEventArgs delivery)
    {
        var command = JsonDocument.Parse(delivery.Body).RootElement.GetProperty("message");
        var orderId = command.GetProperty("orderId").GetGuid();
        var attempt = command.GetProperty("attempt").GetInt32();
        _received.AddOrUpdate((orderId, delivery.ConsumerTag, attempt), 1, (_, times) => times + 1);

        if (GrantsEverything && delivery.ConsumerTag == "authorize-payment")
            await AuthorizedAsync(orderId, attempt);
        if (GrantsEverything && delivery.ConsumerTag == "capture-payment")
            await CapturedAsync(orderId);
    }
}
