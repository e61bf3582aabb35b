using Contracts;

namespace Payments.Ledger;

/// <summary>What moved the money.</summary>
public enum LedgerEntryKind
{
    Capture,
    Refund,
}

/// <summary>The accounts of the ledger.</summary>
public enum LedgerAccount
{
    /// <summary>What the payment provider owes us until it settles.</summary>
    ProviderReceivable,

    /// <summary>What customers have paid for their orders.</summary>
    OrderRevenue,
}

/// <summary>
/// One movement of money: a debit and a credit of the same amount in one row, so that the ledger sums to zero in every
/// currency by its shape and not by anybody's care. Rows are only ever added; the database refuses to change them.
/// </summary>
public sealed class LedgerEntry
{
    public long Id { get; private set; }

    public required Guid OrderId { get; init; }

    /// <summary>Unique for an order: nothing is captured or refunded twice.</summary>
    public required LedgerEntryKind Kind { get; init; }

    public required LedgerAccount DebitAccount { get; init; }

    public required LedgerAccount CreditAccount { get; init; }

    /// <summary>Above zero, in the minor unit of <see cref="Currency" />.</summary>
    public required long Amount { get; init; }

    public required string Currency { get; init; }

    public required DateTimeOffset PostedAt { get; init; }

    public static LedgerEntry ForCapture(Guid orderId, Money amount, DateTimeOffset now) => new()
    {
        OrderId = orderId,
        Kind = LedgerEntryKind.Capture,
        DebitAccount = LedgerAccount.ProviderReceivable,
        CreditAccount = LedgerAccount.OrderRevenue,
        Amount = amount.Amount,
        Currency = amount.Currency,
        PostedAt = now,
    };

    public static LedgerEntry ForRefund(Guid orderId, Money amount, DateTimeOffset now) => new()
    {
        OrderId = orderId,
        Kind = LedgerEntryKind.Refund,
        DebitAccount = LedgerAccount.OrderRevenue,
        CreditAccount = LedgerAccount.ProviderReceivable,
        Amount = amount.Amount,
        Currency = amount.Currency,
        PostedAt = now,
    };
}
