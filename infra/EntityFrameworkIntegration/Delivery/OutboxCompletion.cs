using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Deletes the rows of confirmed messages and records failed attempts. One flush is in flight at a time, and each lingers a moment for
/// others to join: nobody waits for it, and a delete of many rows costs little more than that of one.
/// </summary>
sealed class OutboxCompletion(OutboxDatabase database, TimeSpan timeout, TimeProvider time, ILogger logger)
{
    const int MostSent = 5_000;

    // Fewer, since each is looked up among the others.
    const int MostFailed = 500;

    // What the database does not take during an outage is kept up to here. Beyond, leases end and messages are sent twice.
    const int LargestBacklog = 100_000;

    // A crash in the meantime sends the messages once more, as one before the confirm would have.
    static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);

    static readonly TimeSpan OutagePause = TimeSpan.FromMilliseconds(500);

    readonly ConcurrentQueue<Guid> _sent = new();
    readonly ConcurrentQueue<FailedMessage> _failed = new();
    TaskCompletionSource _batchDone = NewBatch();
    int _flushing;
    long _completed;
    long _flushed;

    public void Sent(Guid id)
    {
        _sent.Enqueue(id);
        Interlocked.Increment(ref _completed);
        Start();
    }

    public void Failed(FailedMessage failure)
    {
        _failed.Enqueue(failure);
        Interlocked.Increment(ref _completed);
        Start();
    }

    /// <summary>Completes when what has been completed so far is in the database.</summary>
    public async Task Drain(CancellationToken cancellationToken)
    {
        var completed = Interlocked.Read(ref _completed);
        while (true)
        {
            var batch = Volatile.Read(ref _batchDone).Task;
            if (Interlocked.Read(ref _flushed) >= completed)
                return;
            Start();
            await batch.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    bool IsEmpty => _sent.IsEmpty && _failed.IsEmpty;

    void Start()
    {
        if (Interlocked.CompareExchange(ref _flushing, 1, 0) == 0)
            _ = Task.Run(Flush);
    }

    async Task Flush()
    {
        do
        {
            try
            {
                while (!IsEmpty)
                {
                    await Task.Delay(Linger, time).ConfigureAwait(false);
                    await FlushBatch(Take(_sent, MostSent), Take(_failed, MostFailed)).ConfigureAwait(false);
                }
            }
            finally
            {
                Volatile.Write(ref _flushing, 0);
            }
        }
        while (!IsEmpty && Interlocked.CompareExchange(ref _flushing, 1, 0) == 0);
    }

    async Task FlushBatch(List<Guid> sent, List<FailedMessage> failed)
    {
        try
        {
            await Write(sent, failed).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            logger.LogWarning(exception, "The outbox could not record {Sent} sent and {Failed} failed messages, and tries again", sent.Count, failed.Count);
            if (_sent.Count + _failed.Count < LargestBacklog)
            {
                Return(_sent, sent);
                Return(_failed, failed);
            }

            await Task.Delay(OutagePause, time).ConfigureAwait(false);
        }

        Interlocked.Add(ref _flushed, sent.Count + failed.Count);
        Interlocked.Exchange(ref _batchDone, NewBatch()).SetResult();
    }

    async Task Write(List<Guid> sent, List<FailedMessage> failed)
    {
        var statements = database.Tables.Statements;
        using CancellationTokenSource cancellation = new(timeout, time);
        await using var connection = await database.Open(cancellation.Token).ConfigureAwait(false);
        await using NpgsqlBatch batch = new(connection) { BatchCommands = { OutboxStatements.UseIndexesWithoutFlush() } };
        if (sent.Count > 0)
            batch.BatchCommands.Add(statements.Delete([.. sent]));
        if (failed.Count > 0)
            batch.BatchCommands.Add(statements.Fail(failed));
        await batch.ExecuteNonQueryAsync(cancellation.Token).ConfigureAwait(false);
    }

    void Return<T>(ConcurrentQueue<T> queue, List<T> items)
    {
        foreach (var item in items)
            queue.Enqueue(item);
        Interlocked.Add(ref _completed, items.Count);
    }

    static List<T> Take<T>(ConcurrentQueue<T> queue, int most)
    {
        List<T> items = [];
        while (items.Count < most && queue.TryDequeue(out var item))
            items.Add(item);
        return items;
    }

    static TaskCompletionSource NewBatch() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
