using Contracts;
using Contracts.Payments;
using Payments.Ledger;

namespace Payments.Operations;

/// <summary>
/// All that is known of the payment of one order: the state that the rules of authorization, capture and reversal decide on,
/// under the lock of its row. What there is to tell others is collected and committed together with the change.
/// </summary>
public sealed class Payment(Guid orderId)
{
    private readonly List<PaymentAttempt> _attempts = [];
    private readonly List<LedgerEntry> _ledgerEntries = [];
    private readonly List<object> _messages = [];

    public Guid OrderId { get; private set; } = orderId;

    /// <summary>Whose order it is; null as long as no command has named the customer.</summary>
    public string? CustomerId { get; private set; }

    public PaymentStatus Status { get; private set; }

    /// <summary>The authorized amount, in the minor unit of <see cref="Currency" />.</summary>
    public long? Amount { get; private set; }

    public string? Currency { get; private set; }

    /// <summary>The provider's id of the authorization.</summary>
    public string? AuthorizationId { get; private set; }

    /// <summary>The provider's id of the capture.</summary>
    public string? CaptureId { get; private set; }

    /// <summary>When <see cref="Status" /> became what it is.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    public IReadOnlyList<PaymentAttempt> Attempts => _attempts;

    public IReadOnlyList<LedgerEntry> LedgerEntries => _ledgerEntries;

    /// <summary>What to tell others once the change is committed.</summary>
    public IReadOnlyList<object> Messages => _messages;

    public Money? Authorized => Amount is { } amount ? new Money(amount, Currency!) : null;

    /// <summary>Whether a reversal was asked for: from then on nothing may be authorized or captured.</summary>
    public bool IsClosed => Status is PaymentStatus.Reversing || IsReversed;

    public bool IsReversed => Status is PaymentStatus.Cancelled or PaymentStatus.Voided or PaymentStatus.Refunded;

    public PaymentAttempt? FindAttempt(PaymentOperation kind, int number) =>
        _attempts.Find(attempt => attempt.Kind == kind && attempt.Number == number);

    /// <summary>The one attempt that the provider carried out.</summary>
    public PaymentAttempt? FindSucceeded(PaymentOperation kind) =>
        _attempts.Find(attempt => attempt.Kind == kind && attempt.State == AttemptState.Succeeded);

    public void BelongsTo(string? customerId) => CustomerId ??= customerId;

    /// <summary>Notes that the provider is about to be asked.</summary>
    public PaymentAttempt Start(PaymentOperation kind, int number, string idempotencyKey, Money? amount, DateTimeOffset now, string? paymentMethod = null)
    {
        var attempt = new PaymentAttempt
        {
            OrderId = OrderId,
            Kind = kind,
            Number = number,
            IdempotencyKey = idempotencyKey,
            Amount = amount?.Amount,
            Currency = amount?.Currency,
            PaymentMethod = paymentMethod,
            StartedAt = now,
        };
        _attempts.Add(attempt);
        return attempt;
    }

    /// <summary>Takes the answer out of the hands of attempts whose outcome is not known.</summary>
    /// <returns>The last of them.</returns>
    public PaymentAttempt? Supersede(PaymentOperation kind, DateTimeOffset now)
    {
        var uncertain = Attempts.Where(attempt => attempt.Kind == kind && attempt.IsUncertain).OrderBy(attempt => attempt.Number).ToList();
        uncertain.ForEach(attempt => attempt.End(AttemptState.Superseded, now));
        return uncertain.LastOrDefault();
    }

    /// <summary>The keys under which the provider may hold something that nobody waits for any more.</summary>
    public IReadOnlyList<string> SupersededKeys(PaymentOperation kind) =>
        [.. Attempts.Where(attempt => attempt.Kind == kind && attempt.State == AttemptState.Superseded).Select(attempt => attempt.IdempotencyKey).Distinct()];

    public void MoveTo(PaymentStatus status, DateTimeOffset now)
    {
        Status = status;
        ChangedAt = now;
    }

    public void HoldAuthorization(string authorizationId, Money amount, DateTimeOffset now)
    {
        AuthorizationId = authorizationId;
        NoteAmount(amount);
        MoveTo(PaymentStatus.Authorized, now);
    }

    public void HoldCapture(string captureId, DateTimeOffset now)
    {
        CaptureId = captureId;
        _ledgerEntries.Add(LedgerEntry.ForCapture(OrderId, Authorized!, now));
        MoveTo(PaymentStatus.Captured, now);
    }

    /// <summary>Notes what an authorization reserved, also one that was never known to be held until it was released.</summary>
    public void NoteAmount(Money amount)
    {
        Amount = amount.Amount;
        Currency = amount.Currency;
    }

    public void NoteRefund(DateTimeOffset now) => _ledgerEntries.Add(LedgerEntry.ForRefund(OrderId, Authorized!, now));

    public void Tell(object message) => _messages.Add(message);

    /// <summary>Tells that an operation was not carried out although nobody said no to it.</summary>
    public void TellFailed(PaymentOperation operation, int attempt, string reason, DateTimeOffset now) => Tell(new PaymentFailed
    {
        OrderId = OrderId,
        Operation = operation,
        Attempt = attempt,
        Reason = reason,
        FailedAt = now,
    });
}
