using System.Collections.Concurrent;
using System.Reflection;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Monitoring;
using MassTransit.Transports;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Sends the rows that nobody holds a lease on: those a crash, a lost broker or a failed send left, those scheduled for now, and those
/// that found no room in memory. Instances share the work with <c>FOR UPDATE SKIP LOCKED</c>.
/// </summary>
sealed class OutboxSweeper(
    string busName,
    Func<IBus> bus,
    Func<bool> isBusHealthy,
    OutboxOptions options,
    OutboxDatabase database,
    OutboxCompletion completion,
    OutboxMetrics metrics,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    static readonly MethodInfo PublishEndpointMethod = typeof(IPublishEndpointProvider).GetMethod(nameof(IPublishEndpointProvider.GetPublishSendEndpoint))!;

    readonly ConcurrentDictionary<string, Type?> _publishedTypes = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _signal = new(0, 1);
    long _lastConfirmed;

    /// <summary>Ends the pause between two looks.</summary>
    public void Wake()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been woken already.
        }
    }

    public async Task Run(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var pause = options.QueryDelay;
            try
            {
                if (await Sweep(stopping).ConfigureAwait(false))
                    pause = TimeSpan.Zero;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                logger.LogWarning(exception, "The outbox of {Bus} could not be swept; trying again in {Delay}", Name, options.QueryDelay);
            }

            try
            {
                if (pause > TimeSpan.Zero)
                    await _signal.WaitAsync(pause, stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    string Name => busName.Length == 0 ? "the default bus" : busName;

    /// <summary>Claims and sends one set of rows. Returns true if there may be more.</summary>
    async Task<bool> Sweep(CancellationToken stopping)
    {
        // While the broker seems to be gone, a single row is enough to find out.
        var limit = isBusHealthy() ? options.QueryMessageLimit : 1;
        var started = time.GetTimestamp();
        var rows = await Claim(limit, stopping).ConfigureAwait(false);
        if (rows.Count == 0)
            return false;

        metrics.Swept(rows.Count);

        SweptRows sweep = new(rows, started);
        // A row that has failed before is sent on its own, so that what happens to it happens to no other, and is its own doing.
        await SendPipelined(sweep, [.. rows.Where(x => x.Attempts == 0)], stopping).ConfigureAwait(false);
        await SendSingly(sweep, [.. rows.Where(x => x.Attempts > 0)], stopping).ConfigureAwait(false);

        await completion.Drain(stopping).ConfigureAwait(false);

        return rows.Count == limit || (limit == 1 && sweep.Confirmed > 0);
    }

    async Task<List<OutboxMessage>> Claim(int limit, CancellationToken stopping)
    {
        await using var connection = await database.Open(stopping).ConfigureAwait(false);
        await using NpgsqlCommand command = new(new OutboxStatements(database.Tables).Claim, connection)
        {
            CommandTimeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds),
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = busName },
                new NpgsqlParameter<int> { TypedValue = limit },
                new NpgsqlParameter<TimeSpan> { TypedValue = options.LeaseDuration },
            },
        };

        List<OutboxMessage> rows = [];
        await using var reader = await command.ExecuteReaderAsync(stopping).ConfigureAwait(false);
        while (await reader.ReadAsync(stopping).ConfigureAwait(false))
            rows.Add(OutboxStatements.Read(reader));
        return rows;
    }

    async Task SendPipelined(SweptRows sweep, List<OutboxMessage> rows, CancellationToken stopping)
    {
        HashSet<string> open = new(StringComparer.Ordinal);
        Queue<Task> unconfirmed = [];
        foreach (var row in rows)
        {
            if (unconfirmed.Count == options.MessageDeliveryLimit)
                await unconfirmed.Dequeue().ConfigureAwait(false);

            if (MustStop(sweep, stopping))
            {
                Release(row);
                continue;
            }

            var send = Send(sweep, row, mayPark: false, stopping);
            if (open.Add(row.DestinationAddress))
                await send.ConfigureAwait(false);
            else
                unconfirmed.Enqueue(send);
        }

        while (unconfirmed.TryDequeue(out var send))
            await send.ConfigureAwait(false);
    }

    async Task SendSingly(SweptRows sweep, List<OutboxMessage> rows, CancellationToken stopping)
    {
        foreach (var row in rows)
        {
            if (MustStop(sweep, stopping))
                Release(row);
            else
                await Send(sweep, row, mayPark: true, stopping).ConfigureAwait(false);
        }
    }

    bool MustStop(SweptRows sweep, CancellationToken stopping)
    {
        return stopping.IsCancellationRequested || sweep.BrokerIsGone
            || time.GetElapsedTime(sweep.Started) + options.MessageDeliveryTimeout >= options.LeaseDuration;
    }

    void Release(OutboxMessage row)
    {
        completion.Failed(new FailedMessage(row.Id, row.Attempts, row.LastError ?? "", TimeSpan.Zero, Parked: false));
    }

    async Task Send(SweptRows sweep, OutboxMessage row, bool mayPark, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        try
        {
            var message = TransportState.Read(row);
            using CancellationTokenSource timeout = new(options.MessageDeliveryTimeout, time);
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
            var endpoint = await GetEndpoint(message).ConfigureAwait(false);
            await message.Send(endpoint, time, cancellation.Token).ConfigureAwait(false);

            Volatile.Write(ref _lastConfirmed, time.GetTimestamp());
            sweep.Confirm();
            metrics.Sent(time.GetElapsedTime(started));
            completion.Sent(row.Id);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Release(row);
        }
        catch (Exception exception)
        {
            Fail(sweep, row, mayPark, started, exception);
        }
    }

    void Fail(SweptRows sweep, OutboxMessage row, bool mayPark, long started, Exception exception)
    {
        var reason = OutboxError.Describe(exception);

        if (!isBusHealthy() && Volatile.Read(ref _lastConfirmed) < started)
        {
            // Nothing gets through: it is the broker, not the message. The attempt does not count.
            sweep.BrokerIsGone = true;
            completion.Failed(new FailedMessage(row.Id, row.Attempts, reason, options.RetryDelay, Parked: false));
            logger.LogWarning("The broker of {Bus} cannot be reached, the outbox waits: {Reason}", Name, reason);
            return;
        }

        var attempts = row.Attempts + 1;
        var parked = mayPark && attempts >= options.ParkAfterAttempts;
        completion.Failed(new FailedMessage(row.Id, attempts, reason, Backoff(row.Attempts), parked));

        if (parked)
        {
            metrics.Parked();
            logger.LogError("Message {MessageId} to {Destination} is parked after {Attempts} failed attempts: {Reason}",
                row.MessageId, row.DestinationAddress, attempts, reason);
        }
        else
        {
            metrics.Failed();
            logger.LogWarning("Message {MessageId} to {Destination} could not be sent, attempt {Attempts}: {Reason}",
                row.MessageId, row.DestinationAddress, attempts, reason);
        }
    }

    TimeSpan Backoff(int attempts)
    {
        var delay = options.RetryDelay * Math.Pow(2, Math.Min(attempts, 30));
        return delay < options.MaxRetryDelay ? delay : options.MaxRetryDelay;
    }

    async Task<ITransportSendEndpoint> GetEndpoint(OutgoingMessage message)
    {
        // The publish endpoint of a polymorphic type also declares the exchanges of its base types and the bindings between them.
        var type = message.PublishedType is { } name ? _publishedTypes.GetOrAdd(name, Type.GetType) : null;
        var endpoint = type is null
            ? await bus().GetSendEndpoint(message.DestinationAddress).ConfigureAwait(false)
            : await ((Task<ISendEndpoint>)PublishEndpointMethod.MakeGenericMethod(type).Invoke(bus(), null)!).ConfigureAwait(false);

        return endpoint as ITransportSendEndpoint
            ?? throw new InvalidOperationException($"The endpoint of {message.DestinationAddress} is not a transport endpoint.");
    }

    public void Dispose() => _signal.Dispose();

    sealed class SweptRows(List<OutboxMessage> rows, long started)
    {
        int _confirmed;
        volatile bool _brokerIsGone;

        public long Started { get; } = started;
        public int Count { get; } = rows.Count;
        public int Confirmed => Volatile.Read(ref _confirmed);
        public bool BrokerIsGone { get => _brokerIsGone; set => _brokerIsGone = value; }

        public void Confirm() => Interlocked.Increment(ref _confirmed);
    }
}
