using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Deletes the rows of confirmed messages and records failed attempts. One flush is in flight at a time; whatever completes meanwhile
/// joins the next, so the batches grow with the load and no timer delays a quiet system.
/// </summary>
sealed class OutboxCompletion(OutboxDatabase database, TimeSpan timeout, ILogger logger)
{
    // A flush does not wait for the disk: a delete that is lost with the server only makes its message be sent again.
    const string NoFlush = "SELECT set_config('synchronous_commit', 'off', true)";
    const int LargestFlush = 5_000;

    readonly ConcurrentQueue<Guid> _sent = new();
    readonly ConcurrentQueue<FailedMessage> _failed = new();
    int _flushing;

    /// <summary>The flush that is running, if any.</summary>
    Task _flush = Task.CompletedTask;

    public void Sent(Guid id)
    {
        _sent.Enqueue(id);
        Start();
    }

    public void Failed(FailedMessage failure)
    {
        _failed.Enqueue(failure);
        Start();
    }

    /// <summary>Completes when everything completed so far is in the database.</summary>
    public async Task Drain(CancellationToken cancellationToken)
    {
        while (!IsEmpty || Volatile.Read(ref _flushing) == 1)
        {
            Start();
            await Volatile.Read(ref _flush).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    bool IsEmpty => _sent.IsEmpty && _failed.IsEmpty;

    void Start()
    {
        if (Interlocked.CompareExchange(ref _flushing, 1, 0) == 0)
            Volatile.Write(ref _flush, Task.Run(Flush));
    }

    async Task Flush()
    {
        do
        {
            try
            {
                while (!IsEmpty)
                    await FlushBatch(Take(_sent), Take(_failed)).ConfigureAwait(false);
            }
            finally
            {
                Volatile.Write(ref _flushing, 0);
            }
        }
        while (!IsEmpty && Interlocked.CompareExchange(ref _flushing, 1, 0) == 0);
    }

    async Task FlushBatch(Guid[] sent, FailedMessage[] failed)
    {
        try
        {
            OutboxStatements statements = new(database.Tables);
            using CancellationTokenSource cancellation = new(timeout);
            await using var connection = await database.Open(cancellation.Token).ConfigureAwait(false);
            await using NpgsqlBatch batch = new(connection) { BatchCommands = { new NpgsqlBatchCommand(NoFlush) } };
            if (sent.Length > 0)
                batch.BatchCommands.Add(statements.Delete(sent));
            if (failed.Length > 0)
                batch.BatchCommands.Add(statements.Fail(failed));
            await batch.ExecuteNonQueryAsync(cancellation.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The rows' leases end by themselves: the sweeper sends them again and the receivers' inboxes drop the duplicates.
            logger.LogWarning(exception,
                "The outbox could not record {Sent} sent and {Failed} failed messages; the sweeper will send them again", sent.Length, failed.Length);
        }
    }

    static T[] Take<T>(ConcurrentQueue<T> queue)
    {
        if (queue.IsEmpty)
            return [];

        List<T> items = new(Math.Min(queue.Count, LargestFlush));
        while (items.Count < LargestFlush && queue.TryDequeue(out var item))
            items.Add(item);
        return [.. items];
    }
}
