using Contracts;
using Payments.Ledger;
using Payments.Operations;

namespace Payments.Lookup;

/// <summary>The payment of an order.</summary>
public sealed record PaymentView(
    Guid OrderId,
    string? CustomerId,
    string Status,
    Money? Amount,
    string? AuthorizationId,
    string? CaptureId,
    DateTimeOffset ChangedAt,
    IReadOnlyList<AttemptView> Attempts,
    IReadOnlyList<LedgerEntryView> Ledger)
{
    public static PaymentView Of(Payment payment) => new(
        payment.OrderId,
        payment.CustomerId,
        payment.Status.ToString(),
        payment.Authorized,
        payment.AuthorizationId,
        payment.CaptureId,
        payment.ChangedAt,
        [.. payment.Attempts.OrderBy(attempt => attempt.StartedAt).Select(AttemptView.Of)],
        [.. payment.LedgerEntries.OrderBy(entry => entry.Id).Select(LedgerEntryView.Of)]);
}

/// <summary>One request to the provider. The card's token stays inside.</summary>
public sealed record AttemptView(string Operation, int Number, string State, string? Reason, string IdempotencyKey, DateTimeOffset StartedAt, DateTimeOffset? EndedAt)
{
    public static AttemptView Of(PaymentAttempt attempt) =>
        new(attempt.Kind.ToString(), attempt.Number, attempt.State.ToString(), attempt.Reason, attempt.IdempotencyKey, attempt.StartedAt, attempt.EndedAt);
}

/// <summary>One movement of money.</summary>
public sealed record LedgerEntryView(string Kind, string Debit, string Credit, Money Amount, DateTimeOffset PostedAt)
{
    public static LedgerEntryView Of(LedgerEntry entry) =>
        new(entry.Kind.ToString(), entry.DebitAccount.ToString(), entry.CreditAccount.ToString(), new Money(entry.Amount, entry.Currency), entry.PostedAt);
}
