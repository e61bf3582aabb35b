using System.Runtime.CompilerServices;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Monitoring;
using MassTransit.Transports;
using Microsoft.Extensions.Logging;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Sends committed messages from memory, pipelined and in order per destination, and has their rows deleted once the broker has
/// confirmed them. What fails goes back to its row, for the sweeper.
/// </summary>
sealed class OutboxDelivery(OutboxOptions options, OutboxCompletion completion, OutboxMetrics metrics, Action onFailed, TimeProvider time, ILogger logger)
{
    // An endpoint opens its channel and declares its exchange with its first send. Until that has succeeded, a second one is not
    // started, since two that wait for the same channel may leave in either order.
    readonly ConditionalWeakTable<ITransportSendEndpoint, object> _open = [];

    int _messages;
    long _bytes;
    TaskCompletionSource? _idle;

    /// <summary>False when so much waits for the broker that further messages must wait in their rows.</summary>
    public bool HasRoom => Volatile.Read(ref _messages) < options.MaxInFlightMessages && Interlocked.Read(ref _bytes) < options.MaxInFlightBytes;

    public int MessagesInFlight => Volatile.Read(ref _messages);

    /// <summary>Sends the messages of one commit; completes when each is confirmed or has failed. Never throws.</summary>
    public Task Send(IReadOnlyList<OutgoingMessage> messages, int limit, TimeSpan timeout)
    {
        Enter(messages);
        return messages.Count == 1 ? SendOne(messages[0], timeout) : SendAll(messages, limit, timeout);
    }

    /// <summary>Completes when nothing is in flight.</summary>
    public async Task Drain(CancellationToken cancellationToken)
    {
        TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _idle, idle);
        if (Volatile.Read(ref _messages) == 0)
            return;
        await idle.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    async Task SendAll(IReadOnlyList<OutgoingMessage> messages, int limit, TimeSpan timeout)
    {
        Queue<Task> unconfirmed = new(Math.Min(messages.Count, limit));
        foreach (var message in messages)
        {
            if (unconfirmed.Count == limit)
                await unconfirmed.Dequeue().ConfigureAwait(false);

            var first = !_open.TryGetValue(message.Endpoint!, out _);
            var send = SendOne(message, timeout);
            if (first)
                await send.ConfigureAwait(false);
            else
                unconfirmed.Enqueue(send);
        }

        while (unconfirmed.TryDequeue(out var send))
            await send.ConfigureAwait(false);
    }

    async Task SendOne(OutgoingMessage message, TimeSpan timeout)
    {
        var endpoint = message.Endpoint!;
        var started = time.GetTimestamp();
        try
        {
            await message.Send(endpoint, time, timeout, CancellationToken.None).ConfigureAwait(false);
            _open.TryAdd(endpoint, endpoint);
            metrics.Sent(time.GetElapsedTime(started));
            completion.Sent(message.Id);
        }
        catch (Exception exception)
        {
            _open.Remove(endpoint);
            metrics.Failed();
            logger.LogWarning("Message {MessageId} to {Destination} was not confirmed and waits in the outbox: {Reason}",
                message.MessageId, message.DestinationAddress, exception.Message);
            // Not an attempt that counts towards parking: when one message closes the channel, those beside it fail too.
            completion.Failed(new FailedMessage(message.Id, message.Attempts, OutboxError.Describe(exception), TimeSpan.Zero, Parked: false));
            onFailed();
        }
        finally
        {
            Leave(message);
        }
    }

    void Enter(IReadOnlyList<OutgoingMessage> messages)
    {
        Interlocked.Add(ref _messages, messages.Count);
        foreach (var message in messages)
            Interlocked.Add(ref _bytes, message.Body.Length);
    }

    void Leave(OutgoingMessage message)
    {
        Interlocked.Add(ref _bytes, -message.Body.Length);
        if (Interlocked.Decrement(ref _messages) == 0)
            Volatile.Read(ref _idle)?.TrySetResult();
    }
}
