using Contracts;
using MassTransit;
using MassTransit.RabbitMqTransport;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>
/// Retries that leave the endpoint: the message waits in a queue whose time to live is the delay, and comes back to its
/// endpoint's queue. It travels byte for byte as it came; only headers outside the body count its attempts.
/// </summary>
internal sealed class DelayedRetries(string queueName, EndpointConventions conventions, MessagingMetrics metrics)
{
    private readonly IReadOnlyList<RetryQueue> _queues = conventions.Delayed;
    private readonly RetryableExceptions _retryable = new(conventions.NeverRetried);

    public bool CanHeal(Exception exception) => _retryable.Match(exception);

    public bool WillRetry(ReceiveContext context, Exception exception) =>
        CanHeal(exception) && NextQueue(context) is not null && HeaderBudget.HasRoom(Headers(context));

    /// <summary>Sends the message to the wait queue of its next level, and returns when the broker has it.</summary>
    /// <param name="context">The delivery that failed.</param>
    /// <param name="attempts">How often the consumer was tried in this delivery.</param>
    /// <param name="reason">Why it failed the last time.</param>
    public async Task SendAsync(ReceiveContext context, int attempts, Exception reason)
    {
        var queue = NextQueue(context) ?? throw new InvalidOperationException("The message has had all its delayed retries.");
        var delivery = context.GetPayload<RabbitMqBasicConsumeContext>();
        var channel = context.GetPayload<ChannelContext>();

        var properties = new BasicProperties(delivery.Properties);
        var headers = new Dictionary<string, object?>(properties.Headers ?? new Dictionary<string, object?>(), StringComparer.Ordinal);
        headers[TransportHeaders.DelayedRetries] = headers.Number(TransportHeaders.DelayedRetries) + 1;
        headers[TransportHeaders.Attempts] = headers.Number(TransportHeaders.Attempts) + attempts;
        properties.Headers = headers;

        // To publish to an exchange that is missing would close the channel that everything else is consumed on.
        await channel.ExchangeDeclare(queue.Queue, ExchangeType.Fanout, durable: true, autoDelete: false, arguments: null);
        await channel.BasicPublishAsync(queue.Queue, queueName, mandatory: true, properties, context.GetBody(), awaitAck: true);

        metrics.DelayedRetry(queueName, queue.Queue, reason);
    }

    private RetryQueue? NextQueue(ReceiveContext context) =>
        _queues.ElementAtOrDefault(Headers(context).Number(TransportHeaders.DelayedRetries));

    private static IDictionary<string, object?>? Headers(ReceiveContext context) =>
        context.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery) ? delivery.Properties.Headers : null;
}
