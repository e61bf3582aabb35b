using System.Runtime.CompilerServices;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace MassTransit.EntityFrameworkCoreIntegration.Bus;

/// <summary>
/// The messages that a scope sent through the bus outbox, from the call until the commit of the transaction that stored them. A row is
/// an ordinary entity of the scope's DbContext, so <c>SaveChanges</c> stores it together with the application's own, in one batch.
/// </summary>
sealed class ScopeMessages
{
    static readonly ConditionalWeakTable<DbContext, ScopeMessages> Scopes = [];

    readonly DbContext _context;
    readonly Lock _lock = new();
    readonly List<ScopeMessage> _messages = [];

    ScopeMessages(DbContext context) => _context = context;

    public static ScopeMessages Of(DbContext context) => Scopes.GetValue(context, static x => new ScopeMessages(x));

    public static ScopeMessages? Find(DbContext? context) => context is not null && Scopes.TryGetValue(context, out var messages) ? messages : null;

    public void Add(TransactionalOutbox outbox, OutgoingMessage message)
    {
        OutboxMessage row = new()
        {
            Id = message.Id,
            BusName = outbox.BusName,
            MessageId = message.MessageId,
            DestinationAddress = message.DestinationAddress.ToString(),
            ContentType = TransportState.ContentTypeColumn(message),
            Body = message.Body,
            Transport = TransportState.Write(message),
            SentTime = Utc(message.EnqueueTime ?? message.SentTime),
            ExpirationTime = message.ExpirationTime is { } expiration ? Utc(expiration) : null,
        };

        // A DbContext is not thread-safe, but several messages may well be published at once.
        lock (_lock)
        {
            _context.Add(row);
            _messages.Add(new ScopeMessage(outbox, message, row));
        }
    }

    /// <summary>SaveChanges begins: decides for each row whether this instance will send it or the sweeper.</summary>
    public void Saving()
    {
        lock (_lock)
        {
            _messages.RemoveAll(x => x.State == ScopeMessageState.Unsaved && _context.Entry(x.Row).State != EntityState.Added);
            foreach (var message in _messages.Where(x => x.State == ScopeMessageState.Unsaved))
            {
                message.State = ScopeMessageState.Saving;
                message.Lease();
            }
        }
    }

    public void SaveFailed()
    {
        lock (_lock)
        {
            foreach (var message in _messages.Where(x => x.State == ScopeMessageState.Saving))
                message.State = ScopeMessageState.Unsaved;
        }
    }

    /// <summary>SaveChanges has stored the rows in this transaction, which is yet to be committed.</summary>
    public void Saved(Guid transactionId)
    {
        lock (_lock)
        {
            foreach (var message in _messages.Where(x => x.State == ScopeMessageState.Saving))
            {
                message.State = ScopeMessageState.Saved;
                message.TransactionId = transactionId;
            }
        }
    }

    /// <summary>SaveChanges has stored the rows; takes them, for when their transaction is committed.</summary>
    public CommittedMessages TakeSaved() => Take(x => x.State == ScopeMessageState.Saving);

    /// <summary>The transaction is committed: sends its messages. Those of a transaction that ended otherwise are forgotten.</summary>
    public Task Committed(Guid transactionId)
    {
        var messages = Take(x => x.State == ScopeMessageState.Saved && x.TransactionId == transactionId);
        RolledBack();
        return messages.Send();
    }

    /// <summary>
    /// The transaction, or a part of it, was rolled back, or its outcome is not known. Whatever was committed after all is in its row,
    /// where the sweeper finds it.
    /// </summary>
    public void RolledBack() => Take(x => x.State == ScopeMessageState.Saved);

    /// <summary>The scope ends.</summary>
    public static void Release(DbContext context, ILogger logger)
    {
        if (!Scopes.TryGetValue(context, out var scope))
            return;

        Scopes.Remove(context);
        var unsaved = scope._messages.Count(x => x.State == ScopeMessageState.Unsaved);
        if (unsaved > 0)
        {
            logger.LogWarning("{Count} messages were published or sent in a scope that ended without SaveChanges on its {DbContext}: they are lost, like any entity that is not saved",
                unsaved, context.GetType().Name);
        }
    }

    CommittedMessages Take(Func<ScopeMessage, bool> which)
    {
        lock (_lock)
        {
            List<ScopeMessage> taken = [.. _messages.Where(which)];
            _messages.RemoveAll(taken.Contains);
            // A sent message is of no use to the change tracker.
            foreach (var message in taken)
                _context.Entry(message.Row).State = EntityState.Detached;
            return new CommittedMessages(taken);
        }
    }

    static DateTime Utc(DateTime moment) => moment.Kind == DateTimeKind.Utc ? moment : DateTime.SpecifyKind(moment, DateTimeKind.Utc);
}

enum ScopeMessageState
{
    Unsaved,
    Saving,
    Saved,
}

sealed class ScopeMessage(TransactionalOutbox outbox, OutgoingMessage message, OutboxMessage row)
{
    public TransactionalOutbox Outbox { get; } = outbox;
    public OutgoingMessage Message { get; } = message;
    public OutboxMessage Row { get; } = row;
    public ScopeMessageState State { get; set; }
    public Guid TransactionId { get; set; }

    /// <summary>This instance sends the message itself after the commit.</summary>
    public bool Direct { get; private set; }

    public void Lease()
    {
        // Leases are compared with the database's clock.
        var now = Outbox.Time.GetUtcNow().UtcDateTime + Outbox.Watch.ClockOffset;
        Direct = Outbox.Options.Delivers && Message.EnqueueTime is null && Outbox.Delivery.HasRoom;
        Row.Due = Message.EnqueueTime ?? (Direct ? now + Outbox.Options.LeaseDuration : now);
    }
}

/// <summary>Messages of one transaction, to be sent when it is committed.</summary>
sealed class CommittedMessages(IReadOnlyList<ScopeMessage> messages)
{
    public Task Send()
    {
        if (messages.Count == 0)
            return Task.CompletedTask;

        List<Task> sending = [];
        foreach (var ofOutbox in messages.GroupBy(x => x.Outbox))
        {
            var outbox = ofOutbox.Key;
            List<OutgoingMessage> direct = [.. ofOutbox.Where(x => x.Direct).Select(x => x.Message)];
            if (direct.Count > 0)
                sending.Add(outbox.SendCommitted(direct, outbox.Options.MessageDeliveryLimit, outbox.Options.MessageDeliveryTimeout));
            if (direct.Count < ofOutbox.Count())
                outbox.Sweeper.Wake();
        }

        return Task.WhenAll(sending);
    }
}
