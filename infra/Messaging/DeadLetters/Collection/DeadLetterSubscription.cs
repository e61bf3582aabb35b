using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Messaging;

/// <summary>One delivery of the dead-letter queue: the letter, and what to acknowledge it with.</summary>
internal sealed record LetterDelivery(ulong Tag, DeadLetter Letter);

/// <summary>An open subscription to the dead-letter queue. It ends with an exception as soon as the broker ends it.</summary>
internal sealed class DeadLetterSubscription : IAsyncDisposable
{
    /// <summary>Letters in memory at a time; bodies may be large.</summary>
    private const ushort Prefetch = 64;

    private const int BatchBytes = 16 * 1024 * 1024;

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly Channel<LetterDelivery> _deliveries = Channel.CreateUnbounded<LetterDelivery>(new UnboundedChannelOptions { SingleReader = true });

    private DeadLetterSubscription(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

    public static async Task<DeadLetterSubscription> OpenAsync(BrokerConnections connections, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = await connections.ConnectAsync(DeadLetterQueue.Name, cancellationToken);
        var subscription = new DeadLetterSubscription(connection, await connection.CreateChannelAsync(cancellationToken: cancellationToken));
        try
        {
            await subscription.SubscribeAsync(connections.VirtualHost, time, cancellationToken);
            return subscription;
        }
        catch
        {
            await subscription.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for letters and takes as many as have come, up to a limit of number and size.</summary>
    public async Task<IReadOnlyList<LetterDelivery>> NextBatchAsync(CancellationToken cancellationToken)
    {
        await _deliveries.Reader.WaitToReadAsync(cancellationToken);

        var batch = new List<LetterDelivery>();
        for (var bytes = 0L; bytes < BatchBytes && _deliveries.Reader.TryRead(out var delivery); bytes += delivery.Letter.Body.Length)
            batch.Add(delivery);

        // Whoever waits for a closed subscription gets its exception here.
        if (batch.Count == 0)
            await _deliveries.Reader.Completion;
        return batch;
    }

    public async Task AcknowledgeAsync(IEnumerable<LetterDelivery> deliveries, CancellationToken cancellationToken)
    {
        foreach (var delivery in deliveries)
            await _channel.BasicAckAsync(delivery.Tag, multiple: false, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _deliveries.Writer.TryComplete();
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task SubscribeAsync(string virtualHost, TimeProvider time, CancellationToken cancellationToken)
    {
        _channel.ChannelShutdownAsync += (_, shutdown) => EndAsync($"The broker closed the channel: {shutdown.ReplyText}");

        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.UnregisteredAsync += (_, _) => EndAsync($"The broker cancelled the subscription to {DeadLetterQueue.Name}.");
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var letter = LetterReader.Read(
                delivery.BasicProperties, delivery.Exchange, delivery.RoutingKey, delivery.Body.ToArray(), virtualHost, time.GetUtcNow().UtcDateTime);
            _deliveries.Writer.TryWrite(new LetterDelivery(delivery.DeliveryTag, letter));
            return Task.CompletedTask;
        };

        await DeclareAsync(cancellationToken);
        await _channel.BasicQosAsync(prefetchSize: 0, Prefetch, global: false, cancellationToken);
        await _channel.BasicConsumeAsync(DeadLetterQueue.Name, autoAck: false, consumer, cancellationToken);
    }

    // As the topology and MassTransit declare them, for the case that neither has yet.
    private async Task DeclareAsync(CancellationToken cancellationToken)
    {
        var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
        await _channel.ExchangeDeclareAsync(DeadLetterQueue.Name, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
        await _channel.QueueDeclareAsync(
            DeadLetterQueue.Name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        await _channel.QueueBindAsync(DeadLetterQueue.Name, DeadLetterQueue.Name, "", cancellationToken: cancellationToken);
    }

    private Task EndAsync(string why)
    {
        _deliveries.Writer.TryComplete(new IOException(why));
        return Task.CompletedTask;
    }
}
