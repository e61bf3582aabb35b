using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Messaging;

/// <summary>The letters in the service's own database.</summary>
internal sealed class LetterDatabase
{
    private const int IndexedText = 500;

    // One statement for a whole batch. A message that died again after its letter had been closed needs somebody's attention anew.
    private const string Upsert =
        """
        INSERT INTO dead_letters (
            id, identity, status, previous_id, count, received_at, last_received_at, died_at, message_id, conversation_id, order_id,
            message_type, reason, origin_queue, origin_exchange, routing_key, virtual_host, exception_type, exception_message,
            stack_trace, attempts, properties, headers, body)
        SELECT id, identity, 'waiting', previous_id, count, received_at, received_at, died_at, message_id, conversation_id, order_id,
            message_type, reason, origin_queue, origin_exchange, routing_key, virtual_host, exception_type, exception_message,
            stack_trace, attempts, properties::jsonb, headers::jsonb, body
        FROM unnest(@id, @identity, @previous_id, @count, @received_at, @died_at, @message_id, @conversation_id, @order_id,
            @message_type, @reason, @origin_queue, @origin_exchange, @routing_key, @virtual_host, @exception_type, @exception_message,
            @stack_trace, @attempts, @properties, @headers, @body)
            AS letter (id, identity, previous_id, count, received_at, died_at, message_id, conversation_id, order_id,
            message_type, reason, origin_queue, origin_exchange, routing_key, virtual_host, exception_type, exception_message,
            stack_trace, attempts, properties, headers, body)
        ORDER BY identity
        ON CONFLICT (identity) DO UPDATE SET
            count = dead_letters.count + excluded.count,
            last_received_at = excluded.last_received_at,
            died_at = greatest(dead_letters.died_at, excluded.died_at),
            exception_type = excluded.exception_type,
            exception_message = excluded.exception_message,
            stack_trace = excluded.stack_trace,
            attempts = excluded.attempts,
            status = CASE
                WHEN dead_letters.status IN ('replayed', 'discarded') AND excluded.died_at > dead_letters.closed_at THEN 'waiting'
                ELSE dead_letters.status END
        """;

    private readonly DbContext _context;

    /// <exception cref="InvalidOperationException">The letters are not in the model.</exception>
    public LetterDatabase(DbContext context)
    {
        if (context.Model.FindEntityType(typeof(DeadLetter)) is null)
        {
            throw new InvalidOperationException(
                $"Dead letters are not in the model of {context.GetType().Name}: call modelBuilder.{nameof(DeadLetterModel.AddDeadLetterEntities)}() " +
                $"in OnModelCreating, and add the tables in a migration with migrationBuilder.{nameof(DeadLetterModel.CreateDeadLetterTables)}().");
        }

        _context = context;
    }

    public IQueryable<DeadLetter> Letters => _context.Set<DeadLetter>().AsNoTracking();

    public IQueryable<DeadLetterAction> Actions => _context.Set<DeadLetterAction>().AsNoTracking();

    /// <summary>Stores letters, or counts them where they are stored already, and commits.</summary>
    public Task SaveAsync(IReadOnlyCollection<DeadLetter> letters, CancellationToken cancellationToken)
    {
        // One statement cannot touch the same row twice.
        var rows = letters
            .GroupBy(letter => Convert.ToHexString(letter.Identity), (_, same) => same.ToList())
            .Select(same => (Letter: same[^1], Count: same.Sum(letter => letter.Count)))
            .ToList();

        return _context.Database.ExecuteSqlRawAsync(
            Upsert,
            [
                Array("id", NpgsqlDbType.Uuid, row => row.Id),
                Array("identity", NpgsqlDbType.Bytea, row => row.Identity),
                Array("previous_id", NpgsqlDbType.Uuid, row => row.PreviousId),
                new NpgsqlParameter("count", NpgsqlDbType.Array | NpgsqlDbType.Integer) { Value = rows.Select(row => row.Count).ToArray() },
                Array("received_at", NpgsqlDbType.TimestampTz, row => row.ReceivedAt),
                Array("died_at", NpgsqlDbType.TimestampTz, row => row.DiedAt),
                Array("message_id", NpgsqlDbType.Text, row => row.MessageId),
                Array("conversation_id", NpgsqlDbType.Text, row => row.ConversationId),
                Array("order_id", NpgsqlDbType.Uuid, row => row.OrderId),
                Array("message_type", NpgsqlDbType.Text, row => row.MessageType is { } type ? HeaderBudget.Cut(type, IndexedText) : null),
                Array("reason", NpgsqlDbType.Text, row => row.Reason),
                Array("origin_queue", NpgsqlDbType.Text, row => row.OriginQueue),
                Array("origin_exchange", NpgsqlDbType.Text, row => row.OriginExchange),
                Array("routing_key", NpgsqlDbType.Text, row => row.RoutingKey),
                Array("virtual_host", NpgsqlDbType.Text, row => row.VirtualHost),
                Array("exception_type", NpgsqlDbType.Text, row => row.ExceptionType),
                Array("exception_message", NpgsqlDbType.Text, row => row.ExceptionMessage),
                Array("stack_trace", NpgsqlDbType.Text, row => row.StackTrace),
                Array("attempts", NpgsqlDbType.Integer, row => row.Attempts),
                Array("properties", NpgsqlDbType.Text, row => row.Properties),
                Array("headers", NpgsqlDbType.Text, row => row.Headers),
                Array("body", NpgsqlDbType.Bytea, row => row.Body),
            ],
            cancellationToken);

        NpgsqlParameter Array<T>(string name, NpgsqlDbType type, Func<DeadLetter, T> value) =>
            new(name, NpgsqlDbType.Array | type) { Value = rows.Select(row => value(row.Letter)).ToArray() };
    }

    /// <summary>Takes a letter for a replay; of two who ask at once one gets it.</summary>
    /// <param name="id">The letter.</param>
    /// <param name="now">When the claim begins.</param>
    /// <param name="staleBefore">Claims older than this are those of processes that died.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task<bool> ClaimAsync(Guid id, DateTime now, DateTime staleBefore, CancellationToken cancellationToken) =>
        await _context.Set<DeadLetter>()
            .Where(letter => letter.Id == id
                && (letter.Status == LetterStatus.Waiting || (letter.Status == LetterStatus.Replaying && letter.ClaimedAt < staleBefore)))
            .ExecuteUpdateAsync(
                set => set.SetProperty(letter => letter.Status, LetterStatus.Replaying).SetProperty(letter => letter.ClaimedAt, now),
                cancellationToken) == 1;

    /// <summary>Ends a claim and records how it ended.</summary>
    /// <param name="claimedAt">When the claim began; a claim that somebody else has taken over since is left alone.</param>
    /// <param name="status">What the letter is now.</param>
    /// <param name="action">What was done.</param>
    /// <param name="cancellationToken">Cancels the transaction.</param>
    public Task EndClaimAsync(DateTime claimedAt, string status, DeadLetterAction action, CancellationToken cancellationToken) =>
        RecordAsync(
            action,
            letters => letters
                .Where(letter => letter.Id == action.LetterId && letter.Status == LetterStatus.Replaying && letter.ClaimedAt == claimedAt)
                .ExecuteUpdateAsync(
                    set => set
                        .SetProperty(letter => letter.Status, status)
                        .SetProperty(letter => letter.ClaimedAt, (DateTime?)null)
                        .SetProperty(letter => letter.ClosedAt, letter => status == LetterStatus.Waiting ? letter.ClosedAt : action.At),
                    cancellationToken),
            evenIfUnchanged: true,
            cancellationToken);

    /// <summary>Closes a waiting letter without sending it.</summary>
    /// <returns>Whether it was waiting.</returns>
    public Task<bool> DiscardAsync(DeadLetterAction action, CancellationToken cancellationToken) =>
        RecordAsync(
            action,
            letters => letters
                .Where(letter => letter.Id == action.LetterId && letter.Status == LetterStatus.Waiting)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(letter => letter.Status, LetterStatus.Discarded).SetProperty(letter => letter.ClosedAt, action.At),
                    cancellationToken),
            evenIfUnchanged: false,
            cancellationToken);

    /// <summary>
    /// Removes letters that were closed before a moment, a bounded number of them, and records that. Open letters stay, and with
    /// each its earlier lives.
    /// </summary>
    /// <returns>How many there were; fewer than <paramref name="limit" /> when no more are left.</returns>
    public Task<int> RemoveClosedAsync(DateTime closedBefore, int limit, DateTime now, CancellationToken cancellationToken) =>
        _context.Database.ExecuteSqlAsync(
            $"""
             WITH removed AS (
                 DELETE FROM dead_letters WHERE id IN (
                     SELECT id FROM dead_letters AS letter
                     WHERE status IN ('replayed', 'discarded') AND closed_at < {closedBefore}
                         AND NOT EXISTS (SELECT FROM dead_letters AS later WHERE later.previous_id = letter.id)
                     ORDER BY closed_at LIMIT {limit} FOR UPDATE SKIP LOCKED)
                 RETURNING id)
             INSERT INTO dead_letter_actions (letter_id, action, by, at, outcome)
             SELECT id, 'remove', 'retention', {now}, 'removed' FROM removed
             """,
            cancellationToken);

    private async Task<bool> RecordAsync(
        DeadLetterAction action, Func<DbSet<DeadLetter>, Task<int>> change, bool evenIfUnchanged, CancellationToken cancellationToken)
    {
        await using var transaction = await _context.Database.BeginTransactionAsync(cancellationToken);
        var changed = await change(_context.Set<DeadLetter>()) == 1;
        if (changed || evenIfUnchanged)
        {
            _context.Add(action);
            await _context.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return changed;
    }
}
