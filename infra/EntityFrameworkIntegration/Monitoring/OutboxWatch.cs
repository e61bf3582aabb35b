using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Monitoring;

/// <summary>Looks at the outbox table from time to time, for the gauges, and on demand, for the health check.</summary>
sealed class OutboxWatch(string busName, OutboxOptions options, OutboxDatabase database, OutboxMetrics metrics, TimeProvider time, ILogger logger)
{
    // Counting further would make a backlog more expensive the longer it gets.
    const int LargestCount = 10_000;

    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>How far the database's clock is ahead of this process's, which leases must allow for.</summary>
    public TimeSpan ClockOffset { get; private set; }

    public async Task Run(CancellationToken stopping)
    {
        using PeriodicTimer timer = new(Interval, time);
        try
        {
            do
            {
                try
                {
                    metrics.Depth = await Look(stopping).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    logger.LogDebug(exception, "The outbox table could not be measured");
                }
            }
            while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    public async Task<OutboxDepth> Look(CancellationToken cancellationToken)
    {
        var t = database.Tables;
        await using var connection = await database.Open(cancellationToken).ConfigureAwait(false);
        NpgsqlBatchCommand look = new(
            $"""
            WITH waiting AS (
              SELECT {t.MessageId} AS message_id, {t.SentTime} AS sent_time FROM {t.Outbox}
              WHERE {t.BusName} = $1 AND {t.ParkedTime} IS NULL AND {t.Due} <= now() + $2 AND {t.SentTime} <= now()
              ORDER BY {t.BusName}, {t.Due} LIMIT {LargestCount}),
            oldest AS (SELECT message_id, sent_time FROM waiting ORDER BY sent_time LIMIT 1)
            SELECT (SELECT count(*)::int FROM waiting),
              (SELECT count(*)::int FROM (SELECT 1 FROM {t.Outbox} WHERE {t.BusName} = $1 AND {t.Attempts} > 0 AND {t.ParkedTime} IS NOT NULL LIMIT {LargestCount}) p),
              (SELECT message_id FROM oldest), (SELECT clock_timestamp() - sent_time FROM oldest), clock_timestamp()
            """)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = busName },
                // A row that is leased or backs off is still waiting; only a scheduled one is not.
                new NpgsqlParameter<TimeSpan> { TypedValue = options.LeaseDuration + options.MaxRetryDelay },
            },
        };

        await using NpgsqlBatch batch = new(connection)
        {
            Timeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds),
            BatchCommands = { OutboxStatements.UseIndexes(), look },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        ClockOffset = reader.GetDateTime(4) - time.GetUtcNow().UtcDateTime;
        return new OutboxDepth(
            reader.GetInt32(0),
            reader.GetInt32(1),
            reader.IsDBNull(2) ? null : reader.GetGuid(2),
            reader.IsDBNull(3) ? TimeSpan.Zero : reader.GetTimeSpan(3));
    }
}
