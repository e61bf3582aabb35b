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
    const int LargestRefused = 20;

    // A connection that breaks, or a neighbour that has its channel closed, fails a good message, too, but not so often in a row.
    const int TriesBeforeParking = 5;

    static readonly TimeSpan PauseBeforeParking = TimeSpan.FromMilliseconds(50);

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
        catch (ObjectDisposedException)
        {
            // It is gone: another instance's sweeper finds the row.
        }
    }

    /// <summary>
    /// Runs until stopped. A row that has been refused before is sent in a lane of its own, one at a time, so that nobody waits behind it.
    /// </summary>
    public Task Run(CancellationToken stopping)
    {
        return Task.WhenAll(
            RunLane(SweepUntried, () => _signal.WaitAsync(options.QueryDelay, stopping), stopping),
            RunLane(SweepRefused, () => Task.Delay(options.QueryDelay, time, stopping), stopping));
    }

    async Task RunLane(Func<CancellationToken, Task<bool>> sweep, Func<Task> pause, CancellationToken stopping)
    {
        var lastProblem = "";
        while (!stopping.IsCancellationRequested)
        {
            var more = false;
            var problem = "";
            try
            {
                more = await sweep(stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Said once per outage, and not once per look.
                problem = exception.Message;
                if (problem != lastProblem && OutboxError.IsMissingTable(exception))
                    logger.LogInformation("The outbox of {Bus} waits for its tables to be created", Name);
                else if (problem != lastProblem)
                {
                    logger.LogWarning("The outbox of {Bus} cannot be swept, trying again every {Delay}: {Reason}",
                        Name, options.QueryDelay, OutboxError.Describe(exception));
                }
            }

            lastProblem = problem;
            try
            {
                if (!more)
                    await pause().ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    string Name => busName.Length == 0 ? "the default bus" : busName;

    /// <summary>Claims and sends one set of rows. Returns true if there may be more.</summary>
    async Task<bool> SweepUntried(CancellationToken stopping)
    {
        // While the broker seems to be gone, a single row is enough to find out.
        var limit = isBusHealthy() ? options.QueryMessageLimit : 1;
        var started = time.GetTimestamp();
        var rows = await Claim(database.Tables.Statements.ClaimUntried, limit, stopping).ConfigureAwait(false);
        if (rows.Count == 0)
            return false;

        Sweep sweep = new(started);
        await SendPipelined(sweep, rows, stopping).ConfigureAwait(false);
        await completion.Drain(stopping).ConfigureAwait(false);

        return MayBeMore(rows, limit) && !sweep.BrokerIsGone;
    }

    async Task<bool> SweepRefused(CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        var rows = await Claim(database.Tables.Statements.ClaimRefused, LargestRefused, stopping).ConfigureAwait(false);
        if (rows.Count == 0)
            return false;

        Sweep sweep = new(started);
        var left = rows;
        for (var round = 1; left.Count > 0; round++)
        {
            left = await SendRefused(sweep, left, round, stopping).ConfigureAwait(false);
            if (left.Count > 0)
                await Task.Delay(PauseBeforeParking * round, time, stopping).ConfigureAwait(false);
        }

        await completion.Drain(stopping).ConfigureAwait(false);
        return MayBeMore(rows, LargestRefused) && !sweep.BrokerIsGone;
    }

    /// <summary>Sends each row alone. Returns those that are to be parked unless they can be sent in the next round.</summary>
    async Task<List<OutboxMessage>> SendRefused(Sweep sweep, List<OutboxMessage> rows, int round, CancellationToken stopping)
    {
        List<OutboxMessage> again = [];
        foreach (var row in rows)
        {
            if (MustStop(sweep, stopping))
            {
                Release(row);
                continue;
            }

            var started = time.GetTimestamp();
            if (await TrySend(row, stopping).ConfigureAwait(false) is not { } failure)
                continue;

            var attempt = row.Attempts + 1;
            var isLast = attempt >= options.ParkAfterAttempts;
            if (failure is TimeoutException)
            {
                // Silence takes its time: it gets as many tries, but not in a row.
                Fail(sweep, row, mayPark: attempt >= options.ParkAfterAttempts + TriesBeforeParking, started, failure);
            }
            else if (isLast && round < TriesBeforeParking)
                again.Add(row);
            else
                Fail(sweep, row, mayPark: isLast, started, failure);
        }

        return again;
    }

    bool MayBeMore(List<OutboxMessage> rows, int limit) => rows.Count == limit || rows.Sum(x => (long)x.Body.Length) >= options.MaxInFlightBytes;

    async Task<List<OutboxMessage>> Claim(string statement, int limit, CancellationToken stopping)
    {
        await using var connection = await database.Open(stopping).ConfigureAwait(false);
        await using NpgsqlBatch batch = new(connection)
        {
            Timeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds),
            BatchCommands =
            {
                OutboxStatements.UseIndexes(),
                new NpgsqlBatchCommand(statement)
                {
                    Parameters =
                    {
                        new NpgsqlParameter<string> { TypedValue = busName },
                        new NpgsqlParameter<int> { TypedValue = limit },
                        new NpgsqlParameter<TimeSpan> { TypedValue = options.LeaseDuration },
                        new NpgsqlParameter<long> { TypedValue = options.MaxInFlightBytes },
                    },
                },
            },
        };

        List<OutboxMessage> rows = [];
        await using var reader = await batch.ExecuteReaderAsync(stopping).ConfigureAwait(false);
        await reader.NextResultAsync(stopping).ConfigureAwait(false);
        while (await reader.ReadAsync(stopping).ConfigureAwait(false))
            rows.Add(OutboxStatements.Read(reader));

        if (rows.Count > 0)
            metrics.Swept(rows.Count);
        return rows;
    }

    async Task SendPipelined(Sweep sweep, List<OutboxMessage> rows, CancellationToken stopping)
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

            var send = Send(sweep, row, stopping);
            if (open.Add(row.DestinationAddress))
                await send.ConfigureAwait(false);
            else
                unconfirmed.Enqueue(send);
        }

        while (unconfirmed.TryDequeue(out var send))
            await send.ConfigureAwait(false);
    }

    bool MustStop(Sweep sweep, CancellationToken stopping)
    {
        return stopping.IsCancellationRequested || sweep.BrokerIsGone
            || time.GetElapsedTime(sweep.Started) + options.MessageDeliveryTimeout >= options.LeaseDuration;
    }

    void Release(OutboxMessage row)
    {
        completion.Failed(new FailedMessage(row.Id, row.Attempts, row.LastError ?? "", TimeSpan.Zero, Parked: false));
    }

    async Task Send(Sweep sweep, OutboxMessage row, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        if (await TrySend(row, stopping).ConfigureAwait(false) is { } failure)
            Fail(sweep, row, mayPark: false, started, failure);
    }

    /// <summary>Sends the row, or returns why that failed.</summary>
    async Task<Exception?> TrySend(OutboxMessage row, CancellationToken stopping)
    {
        var started = time.GetTimestamp();
        try
        {
            var message = TransportState.Read(row);
            var endpoint = await GetEndpoint(message).ConfigureAwait(false);
            await message.Send(endpoint, time, options.MessageDeliveryTimeout, stopping).ConfigureAwait(false);

            Volatile.Write(ref _lastConfirmed, time.GetTimestamp());
            metrics.Sent(time.GetElapsedTime(started));
            completion.Sent(row.Id);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Release(row);
        }
        catch (Exception exception)
        {
            return exception;
        }

        return null;
    }

    void Fail(Sweep sweep, OutboxMessage row, bool mayPark, long started, Exception exception)
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

        if (row.Attempts > 0 && RefusedMessage.IsAnother(exception, row))
        {
            // It was on the channel that another one's refusal has closed, which says nothing about this one.
            completion.Failed(new FailedMessage(row.Id, row.Attempts, reason, options.RetryDelay, Parked: false));
            return;
        }

        var attempts = row.Attempts + 1;
        completion.Failed(new FailedMessage(row.Id, attempts, reason, Backoff(row.Attempts), mayPark));

        if (mayPark)
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

    sealed class Sweep(long started)
    {
        volatile bool _brokerIsGone;

        public long Started { get; } = started;

        public bool BrokerIsGone { get => _brokerIsGone; set => _brokerIsGone = value; }
    }
}
