using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Deletes inbox rows that are older than the duplicate detection window, some pages of the table at a time and skipping rows that are
/// locked, so that no consumer ever waits for it. Reading the table now and then is far cheaper than an index on the time, which every
/// message would pay for. Of the instances of a service, one trims at a time.
/// </summary>
sealed class InboxTrimmer(string busName, OutboxOptions options, Func<TimeSpan> window, OutboxDatabase database, TimeProvider time, ILogger logger)
{
    // Some 7 000 rows.
    const uint PagesAtATime = 64;

    // Often enough that the inbox outgrows its window by a tenth at most, within reason.
    readonly TimeSpan _interval = Clamp(options.DuplicateDetectionWindow / 10, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public async Task Run(CancellationToken stopping)
    {
        using PeriodicTimer timer = new(_interval, time);
        try
        {
            do
            {
                try
                {
                    await Trim(stopping).ConfigureAwait(false);
                }
                catch (Exception exception) when (OutboxError.IsMissingTable(exception))
                {
                    logger.LogInformation("The inbox waits for its tables to be created");
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    logger.LogWarning(exception, "The inbox could not be trimmed; trying again in {Interval}", _interval);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    async Task Trim(CancellationToken stopping)
    {
        await using var connection = await database.Open(stopping).ConfigureAwait(false);
        if (!await IsOurTurn(connection, stopping).ConfigureAwait(false))
            return;

        var tables = database.Tables;
        NpgsqlBatchCommand delete = new(
            $"""
            DELETE FROM {tables.Inbox} WHERE ctid = ANY(ARRAY(
              SELECT ctid FROM {tables.Inbox} WHERE ctid >= $2 AND ctid < $3 AND {tables.InboxConsumed} < now() - $1
              FOR UPDATE SKIP LOCKED))
            """)
        {
            Parameters = { new NpgsqlParameter<TimeSpan> { TypedValue = window() } },
        };
        NpgsqlParameter<NpgsqlTid> from = new() { NpgsqlDbType = NpgsqlDbType.Tid };
        NpgsqlParameter<NpgsqlTid> to = new() { NpgsqlDbType = NpgsqlDbType.Tid };
        delete.Parameters.Add(from);
        delete.Parameters.Add(to);
        await using NpgsqlBatch batch = new(connection)
        {
            Timeout = (int)Math.Ceiling(options.QueryTimeout.TotalSeconds),
            BatchCommands = { OutboxStatements.UseIndexes(), delete },
        };

        var pages = await CountPages(connection, stopping).ConfigureAwait(false);
        for (uint page = 0; page < pages; page += PagesAtATime)
        {
            from.TypedValue = new NpgsqlTid(page, 0);
            to.TypedValue = new NpgsqlTid(page + PagesAtATime, 0);
            await batch.ExecuteNonQueryAsync(stopping).ConfigureAwait(false);
        }
    }

    async Task<long> CountPages(NpgsqlConnection connection, CancellationToken stopping)
    {
        await using NpgsqlCommand command = new("SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = database.Tables.Inbox } },
        };

        return (long)(await command.ExecuteScalarAsync(stopping).ConfigureAwait(false))!;
    }

    /// <summary>Takes the turn unless another instance has had it within the interval.</summary>
    async Task<bool> IsOurTurn(NpgsqlConnection connection, CancellationToken stopping)
    {
        var tables = database.Tables;
        await using NpgsqlCommand command = new(
            $"""
            INSERT INTO {tables.State} AS s ({tables.StateBusName}, {tables.StateInboxTrimmed}) VALUES ($1, clock_timestamp())
            ON CONFLICT ({tables.StateBusName}) DO UPDATE SET {tables.StateInboxTrimmed} = clock_timestamp()
            WHERE s.{tables.StateInboxTrimmed} <= clock_timestamp() - $2 / 2
            """, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = busName },
                new NpgsqlParameter<TimeSpan> { TypedValue = _interval },
            },
        };

        return await command.ExecuteNonQueryAsync(stopping).ConfigureAwait(false) == 1;
    }

    static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;
}
