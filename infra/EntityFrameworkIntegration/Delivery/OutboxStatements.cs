using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Model;
using Npgsql;
using NpgsqlTypes;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>The SQL of the outbox table, in one place.</summary>
sealed class OutboxStatements(OutboxTables tables)
{
    // A table that is empty most of the time gets plans made for an empty table, which read it from end to end, and which a prepared
    // statement keeps until the statistics notice that it has grown: at 300 000 rows, one claim took 51 s. So only indexes are considered.
    const string IndexesAlone = "set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)";

    readonly string _columns =
        $"{tables.Id}, {tables.BusName}, {tables.MessageId}, {tables.DestinationAddress}, {tables.ContentType}, {tables.Body}, {tables.Transport}, {tables.SentTime}, {tables.ExpirationTime}, {tables.Attempts}";

    readonly string _insert =
        $"""
        INSERT INTO {tables.Outbox} ({tables.Id}, {tables.BusName}, {tables.MessageId}, {tables.DestinationAddress}, {tables.ContentType}, {tables.Body}, {tables.Transport}, {tables.SentTime}, {tables.ExpirationTime}, {tables.Attempts}, {tables.Due})
        SELECT m.id, $1, m.message_id, m.destination, m.content_type, m.body, m.transport, m.sent, m.expires, 0, coalesce(m.scheduled, clock_timestamp() + $2)
        FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11) AS m(id, message_id, destination, content_type, body, transport, sent, expires, scheduled)
        """;

    // A single row, by far the most frequent case, does without the arrays.
    readonly string _insertOne =
        $"""
        INSERT INTO {tables.Outbox} ({tables.Id}, {tables.BusName}, {tables.MessageId}, {tables.DestinationAddress}, {tables.ContentType}, {tables.Body}, {tables.Transport}, {tables.SentTime}, {tables.ExpirationTime}, {tables.Attempts}, {tables.Due})
        VALUES ($3, $1, $4, $5, $6, $7, $8, $9, $10, 0, coalesce($11, clock_timestamp() + $2))
        """;

    readonly string _delete = $"DELETE FROM {tables.Outbox} WHERE {tables.Id} = ANY($1)";

    // A parked row is never due, so that looks for rows that are do not come across it.
    readonly string _fail =
        $"""
        UPDATE {tables.Outbox} o SET {tables.Attempts} = f.attempts, {tables.LastError} = f.error,
          {tables.Due} = clock_timestamp() + CASE WHEN f.parked THEN interval '1000 years' ELSE f.delay END, {tables.ParkedTime} = CASE WHEN f.parked THEN clock_timestamp() END
        FROM unnest($1, $2, $3, $4, $5) AS f(id, attempts, error, delay, parked) WHERE o.{tables.Id} = f.id AND o.{tables.Id} = ANY($1)
        """;

    readonly string _insertInbox =
        $"INSERT INTO {tables.Inbox} ({tables.InboxMessageId}, {tables.InboxConsumerId}, {tables.InboxConsumed})";

    /// <summary>Goes first in a batch whose other statements look for rows.</summary>
    public static NpgsqlBatchCommand UseIndexes() => new($"SELECT {IndexesAlone}");

    /// <summary>
    /// The same for a batch whose commit does not wait for the disk: a delete that is lost with the server only makes its message be
    /// sent again.
    /// </summary>
    public static NpgsqlBatchCommand UseIndexesWithoutFlush() => new($"SELECT set_config('synchronous_commit', 'off', true), {IndexesAlone}");

    /// <summary>Records one message as consumed: the message's id and the consumer's.</summary>
    public string InsertInbox => field ??= $"{_insertInbox} VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING";

    /// <summary>
    /// Records the members of a batch as consumed, and returns those that were not. In key order, so that two batches with members in
    /// common wait for each other instead of deadlocking.
    /// </summary>
    public string InsertInboxMembers => field ??=
        $"{_insertInbox} SELECT m, $2, clock_timestamp() FROM unnest($1) m ORDER BY m ON CONFLICT DO NOTHING RETURNING {tables.InboxMessageId}";

    // now() and not clock_timestamp() where rows are looked for: only a value that is fixed for the statement bounds an index scan.
    // The size of a body is known without reading it. An array of keys and not a join, which a plan made for an empty table carries out
    // the wrong way round.
    string ClaimOf(string rows) =>
        $"""
        WITH due AS (
          SELECT o.{tables.Id} AS id, o.{tables.Due} AS due, octet_length(o.{tables.Body}) AS bytes FROM {tables.Outbox} o
          WHERE o.{tables.BusName} = $1 AND o.{tables.Due} <= now() AND o.{tables.ParkedTime} IS NULL AND o.{rows}
          ORDER BY o.{tables.BusName}, o.{tables.Due} LIMIT $2 FOR UPDATE SKIP LOCKED),
        fitting AS (
          SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY due, id) - bytes AS before FROM due) d WHERE before < $4),
        claimed AS (
          UPDATE {tables.Outbox} SET {tables.Due} = clock_timestamp() + $3 WHERE {tables.Id} = ANY(ARRAY(SELECT id FROM fitting)) RETURNING *)
        SELECT {_columns} FROM claimed ORDER BY {tables.Id}
        """;

    /// <summary>Claims rows that have not been refused yet, up to a number and a size: bus, rows, lease, bytes.</summary>
    public string ClaimUntried => field ??= ClaimOf($"{tables.Attempts} = 0");

    /// <summary>Claims rows that have been refused before, up to a number and a size: bus, rows, lease, bytes.</summary>
    public string ClaimRefused => field ??= ClaimOf($"{tables.Attempts} > 0");

    /// <summary>The insert of messages that one transaction produced, leased to this instance or, with a zero lease, left for the sweeper.</summary>
    public NpgsqlBatchCommand Insert(IReadOnlyList<OutgoingMessage> messages, string busName, TimeSpan lease)
    {
        if (messages.Count == 1)
        {
            var message = messages[0];
            return new NpgsqlBatchCommand(_insertOne)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = busName },
                    new NpgsqlParameter<TimeSpan> { TypedValue = lease },
                    new NpgsqlParameter<Guid> { TypedValue = message.Id },
                    new NpgsqlParameter<Guid> { TypedValue = message.MessageId },
                    new NpgsqlParameter<string> { TypedValue = message.DestinationAddress.ToString() },
                    Text(TransportState.ContentTypeColumn(message)),
                    new NpgsqlParameter<byte[]> { TypedValue = message.Body },
                    Text(TransportState.Write(message)),
                    new NpgsqlParameter<DateTime> { TypedValue = Utc(message.EnqueueTime ?? message.SentTime), NpgsqlDbType = NpgsqlDbType.TimestampTz },
                    new NpgsqlParameter { Value = (object?)Utc(message.ExpirationTime) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                    new NpgsqlParameter { Value = (object?)Utc(message.EnqueueTime) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                },
            };
        }

        return new NpgsqlBatchCommand(_insert)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = busName },
                new NpgsqlParameter<TimeSpan> { TypedValue = lease },
                Array(messages, x => x.Id, NpgsqlDbType.Uuid),
                Array(messages, x => x.MessageId, NpgsqlDbType.Uuid),
                Array(messages, x => x.DestinationAddress.ToString(), NpgsqlDbType.Text),
                Array(messages, TransportState.ContentTypeColumn, NpgsqlDbType.Text),
                Array(messages, x => x.Body, NpgsqlDbType.Bytea),
                Array(messages, TransportState.Write, NpgsqlDbType.Text),
                Array(messages, x => Utc(x.EnqueueTime ?? x.SentTime), NpgsqlDbType.TimestampTz),
                Array(messages, x => Utc(x.ExpirationTime), NpgsqlDbType.TimestampTz),
                Array(messages, x => Utc(x.EnqueueTime), NpgsqlDbType.TimestampTz),
            },
        };
    }

    public NpgsqlBatchCommand Delete(Guid[] ids)
    {
        return new NpgsqlBatchCommand(_delete) { Parameters = { new NpgsqlParameter<Guid[]> { TypedValue = ids } } };
    }

    public NpgsqlBatchCommand Fail(IReadOnlyList<FailedMessage> failures)
    {
        return new NpgsqlBatchCommand(_fail)
        {
            Parameters =
            {
                Array(failures, x => x.Id, NpgsqlDbType.Uuid),
                Array(failures, x => x.Attempts, NpgsqlDbType.Integer),
                Array(failures, x => x.Error, NpgsqlDbType.Text),
                Array(failures, x => x.Delay, NpgsqlDbType.Interval),
                Array(failures, x => x.Parked, NpgsqlDbType.Boolean),
            },
        };
    }

    public static OutboxMessage Read(NpgsqlDataReader reader)
    {
        return new OutboxMessage
        {
            Id = reader.GetGuid(0),
            BusName = reader.GetString(1),
            MessageId = reader.GetGuid(2),
            DestinationAddress = reader.GetString(3),
            ContentType = reader.IsDBNull(4) ? null : reader.GetString(4),
            Body = reader.GetFieldValue<byte[]>(5),
            Transport = reader.IsDBNull(6) ? null : reader.GetString(6),
            SentTime = reader.GetDateTime(7),
            ExpirationTime = reader.IsDBNull(8) ? null : reader.GetDateTime(8),
            Attempts = reader.GetInt32(9),
        };
    }

    static NpgsqlParameter<T[]> Array<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> value, NpgsqlDbType type)
    {
        return new NpgsqlParameter<T[]> { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | type };
    }

    static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    static DateTime Utc(DateTime moment) => moment.Kind == DateTimeKind.Utc ? moment : DateTime.SpecifyKind(moment, DateTimeKind.Utc);

    static DateTime? Utc(DateTime? moment) => moment is { } value ? Utc(value) : null;
}

/// <summary>A row whose attempt failed: when to try again, or that it is parked.</summary>
sealed record FailedMessage(Guid Id, int Attempts, string Error, TimeSpan Delay, bool Parked);
