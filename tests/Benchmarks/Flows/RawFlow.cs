using System.Text.Json;
using MassTransit;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Benchmarks.Flows;

/// <summary>
/// The raw twin: Npgsql and RabbitMQ.Client doing only the durable work, by hand. Bodies as long as MassTransit's, one commit per step,
/// confirmed publishes to quorum queues, acknowledgement last. It has neither outbox nor inbox, so a crash between its commit and its
/// publish loses a message.
/// </summary>
sealed class RawFlow : IOrderFlow
{
    readonly OrderCompletion _completion = new();
    readonly NpgsqlDataSource _database;
    readonly IConnection _connection;
    readonly IChannel _publisher;
    readonly string _filler;
    readonly List<IChannel> _consumers = [];

    RawFlow(NpgsqlDataSource database, IConnection connection, IChannel publisher, int bodyLength)
    {
        _database = database;
        _connection = connection;
        _publisher = publisher;
        _filler = new string('x', bodyLength - JsonSerializer.SerializeToUtf8Bytes(new RawMessage(Guid.Empty, "")).Length);
    }

    public static async Task<IOrderFlow> StartAsync(string connectionString, Uri broker, int bodyLength)
    {
        ConnectionFactory factory = new() { Uri = broker };
        var connection = await factory.CreateConnectionAsync();
        var publisher = await connection.CreateChannelAsync(Confirming());
        RawFlow flow = new(NpgsqlDataSource.Create(connectionString + Schema.ConnectionSettings), connection, publisher, bodyLength);
        await flow.Consume("raw-submitted", flow.Pay);
        await flow.Consume("raw-paid", flow.Ship);
        return flow;
    }

    public async Task PlaceOrder(Guid orderId)
    {
        var shipped = _completion.Expect(orderId);
        await Insert("INSERT INTO orders (id, note) VALUES ($1, $2)", orderId, "order");
        await Publish("raw-submitted", orderId);
        await shipped;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _consumers)
            await channel.DisposeAsync();
        await _publisher.DisposeAsync();
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    // Unbounded outstanding confirms, as MassTransit has it.
    static CreateChannelOptions Confirming() => new(true, true, outstandingPublisherConfirmationsRateLimiter: null);

    async Task Consume(string queue, Func<Guid, Task> step)
    {
        var channel = await _connection.CreateChannelAsync(new CreateChannelOptions(false, false, consumerDispatchConcurrency: Schema.AtATime));
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.BasicQosAsync(0, Schema.Prefetch, false);
        AsyncEventingBasicConsumer consumer = new(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            var message = JsonSerializer.Deserialize<RawMessage>(delivery.Body.Span)!;
            await step(message.OrderId);
            await channel.BasicAckAsync(delivery.DeliveryTag, false);
            if (queue == "raw-paid")
                _completion.Complete(message.OrderId);
        };
        await channel.BasicConsumeAsync(queue, false, consumer);
        _consumers.Add(channel);
    }

    async Task Pay(Guid orderId)
    {
        await Insert("INSERT INTO payments (id, amount) VALUES ($1, $2)", orderId, 12.34m);
        await Publish("raw-paid", orderId);
    }

    Task Ship(Guid orderId) => Insert("INSERT INTO shipments (id, carrier) VALUES ($1, $2)", orderId, "carrier");

    async Task Insert<T>(string sql, Guid orderId, T value)
    {
        await using var command = _database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orderId });
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        await command.ExecuteNonQueryAsync();
    }

    async Task Publish(string queue, Guid orderId)
    {
        BasicProperties properties = new() { Persistent = true, MessageId = NewId.NextGuid().ToString(), ContentType = "application/json" };
        await _publisher.BasicPublishAsync("", queue, true, properties, JsonSerializer.SerializeToUtf8Bytes(new RawMessage(orderId, _filler)));
    }
}

sealed record RawMessage(Guid OrderId, string Filler);
