using MassTransit;

namespace Contracts.Payments;

/// <summary>Nothing is held for the order any more, and nothing will be: later authorizations and captures are refused.</summary>
[MessageUrn("payments:payment-reversed")]
[EntityName("payments:payment-reversed")]
public sealed record PaymentReversed
{
    public required Guid OrderId { get; init; }

    /// <summary>The attempt of the <see cref="ReversePayment" /> that this answers.</summary>
    public required int Attempt { get; init; }

    public required ReversalOutcome Outcome { get; init; }

    /// <summary>What was released or refunded; null when nothing was held.</summary>
    public Money? Amount { get; init; }

    public required DateTimeOffset ReversedAt { get; init; }
}
