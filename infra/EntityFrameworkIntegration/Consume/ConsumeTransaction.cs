using System.Data;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Model;
using MassTransit.EntityFrameworkCoreIntegration.Saving;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>
/// The one transaction in which a message is consumed. Round trips: BEGIN travels with the inbox insert, the outbox insert with COMMIT,
/// and both with what the consumer left unsaved, if that is inserts alone.
/// </summary>
sealed class ConsumeTransaction : IAsyncDisposable
{
    readonly DbContext _context;
    readonly bool _autoSavepoints;
    readonly IDbContextTransaction _transaction;
    readonly NpgsqlConnection _connection;
    readonly OutboxTables _tables;

    ConsumeTransaction(DbContext context, IDbContextTransaction transaction, OutboxTables tables)
    {
        _context = context;
        _transaction = transaction;
        _tables = tables;
        _connection = (NpgsqlConnection)context.Database.GetDbConnection();
        _autoSavepoints = context.Database.AutoSavepointsEnabled;
        // A failure rolls back everything the handler had saved, so a savepoint before each SaveChanges is a wasted round trip.
        context.Database.AutoSavepointsEnabled = false;
    }

    public Guid Id => _transaction.TransactionId;

    public static async Task<ConsumeTransaction> Begin(DbContext context, IsolationLevel isolationLevel, CancellationToken cancellationToken)
    {
        var tables = OutboxTables.Of(context);
        var transaction = await context.Database.BeginTransactionAsync(isolationLevel, cancellationToken).ConfigureAwait(false);
        return new ConsumeTransaction(context, transaction, tables);
    }

    /// <summary>
    /// Records the messages as consumed, and returns those that had not been. A concurrent duplicate waits here until the transaction
    /// that came first has ended.
    /// </summary>
    public async Task<HashSet<Guid>> InsertInbox(Guid[] messageIds, Guid consumerId, CancellationToken cancellationToken)
    {
        if (messageIds.Length == 1)
        {
            await using var single = Command(_tables.Statements.InsertInbox);
            single.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = messageIds[0] });
            single.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = consumerId });
            return await single.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1 ? [messageIds[0]] : [];
        }

        await using var command = Command(_tables.Statements.InsertInboxMembers);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = messageIds });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = consumerId });

        HashSet<Guid> inserted = [];
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            inserted.Add(reader.GetGuid(0));
        return inserted;
    }

    /// <summary>Saves what the consumer left unsaved, stores its messages, and commits.</summary>
    public async Task Commit(IReadOnlyList<OutgoingMessage> messages, string busName, TimeSpan lease, CancellationToken cancellationToken)
    {
        var saves = SaveBatches.Of(_context);
        // An application that watches its transactions must see this one end, at the price of a round trip.
        var watched = saves is null || saves.TransactionsAreWatched;

        List<NpgsqlBatchCommand> ending = [];
        if (messages.Count > 0)
            ending.Add(_tables.Statements.Insert(messages, busName, lease));
        if (!watched)
            ending.Add(new NpgsqlBatchCommand("COMMIT"));

        if (_context.ChangeTracker.HasChanges())
        {
            if (watched)
                await _context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            else if (await saves!.SaveAndEnd(_context, ending, cancellationToken).ConfigureAwait(false))
                return;
        }

        await using NpgsqlBatch batch = new(_connection, (NpgsqlTransaction)_transaction.GetDbTransaction());
        // COMMIT answers an aborted transaction with a silent ROLLBACK. Whatever statement stands before it fails instead.
        if (messages.Count == 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT 1"));
        foreach (var command in ending)
            batch.BatchCommands.Add(command);
        if (_context.Database.GetCommandTimeout() is { } timeout)
            batch.Timeout = timeout;

        // From here on a cancellation would leave the outcome open for nothing.
        await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        if (watched)
            await _transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Rolls back unless committed.</summary>
    public async ValueTask DisposeAsync()
    {
        _context.Database.AutoSavepointsEnabled = _autoSavepoints;
        await _transaction.DisposeAsync().ConfigureAwait(false);
    }

    NpgsqlCommand Command(string text)
    {
        NpgsqlCommand command = new(text, _connection, (NpgsqlTransaction)_transaction.GetDbTransaction());
        if (_context.Database.GetCommandTimeout() is { } timeout)
            command.CommandTimeout = timeout;
        return command;
    }
}
