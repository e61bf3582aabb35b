using System.Collections.Concurrent;
using System.Text.Json;
using Contracts;
using Contracts.Payments;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RealServers;
using Services.Tests.Messaging;

namespace Services.Tests.Payments;

/// <summary>
/// Stands where the Orders service stands: publishes commands in the orders virtual host, from where the broker carries them
/// to payments, and takes the answers off the saga's queue.
/// </summary>
public sealed class PlayedOrders : IAsyncDisposable
{
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly IConnection _connection;
    private readonly IChannel _channel;

    private PlayedOrders(IConnection connection, IChannel channel)
    {
        _connection = connection;
        _channel = channel;
    }

    /// <summary>One answer of the Payments service.</summary>
    public sealed record Answer(string Exchange, Guid OrderId, JsonElement Message);

    public static async Task<PlayedOrders> ConnectAsync(Uri address)
    {
        var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        var channel = await connection.ConfirmedChannelAsync();
        var orders = new PlayedOrders(connection, channel);

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += orders.ReceiveAsync;
        await channel.BasicConsumeAsync("order-lifecycle", autoAck: true, consumer);
        return orders;
    }

    public Task AuthorizeAsync(Guid orderId, string card = "tok_approve", int attempt = 1, long amount = 2500, string customerId = "ada", Guid? messageId = null) =>
        _channel.PublishMessageAsync(
            new AuthorizePayment { OrderId = orderId, CustomerId = customerId, Attempt = attempt, Amount = new Money(amount, "EUR"), PaymentMethod = card },
            messageId);

    public Task CaptureAsync(Guid orderId, int attempt = 1) => _channel.PublishMessageAsync(new CapturePayment { OrderId = orderId, Attempt = attempt });

    public Task ReverseAsync(Guid orderId, int attempt = 1) =>
        _channel.PublishMessageAsync(new ReversePayment { OrderId = orderId, CustomerId = "ada", Attempt = attempt });

    /// <summary>Waits for an answer of this kind.</summary>
    public async Task<JsonElement> HearsAsync<T>(Guid orderId, TimeSpan? bound = null)
    {
        var exchange = Wire.ExchangeOf<T>();
        await Eventually.TrueAsync(() => _answers.Any(answer => answer.OrderId == orderId && answer.Exchange == exchange), $"{exchange} for order {orderId}", bound);
        return _answers.First(answer => answer.OrderId == orderId && answer.Exchange == exchange).Message;
    }

    /// <summary>Waits for an answer of this kind to this attempt.</summary>
    public async Task<JsonElement> HearsAsync<T>(Guid orderId, int attempt)
    {
        var exchange = Wire.ExchangeOf<T>();
        bool Matches(Answer answer) =>
            answer.OrderId == orderId && answer.Exchange == exchange && answer.Message.GetProperty("attempt").GetInt32() == attempt;
        await Eventually.TrueAsync(() => _answers.Any(Matches), $"{exchange} #{attempt} for order {orderId}");
        return _answers.First(Matches).Message;
    }

    /// <summary>Everything heard of an order, in short.</summary>
    public IReadOnlyList<string> Heard(Guid orderId) => [.. _answers.Where(answer => answer.OrderId == orderId).Select(answer => answer.Exchange)];

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private Task ReceiveAsync(object sender, BasicDeliverEventArgs delivery)
    {
        var message = JsonDocument.Parse(delivery.Body.ToArray()).RootElement.GetProperty("message");
        _answers.Enqueue(new Answer(delivery.Exchange, message.GetProperty("orderId").GetGuid(), message));
        return Task.CompletedTask;
    }
}
