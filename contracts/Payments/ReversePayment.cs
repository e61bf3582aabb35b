using MassTransit;

namespace Contracts.Payments;

/// <summary>
/// Command: give back whatever is held for the order. One command for every case, because only Payments knows
/// what is held: nothing (a later authorization is then refused), an authorization (void) or a capture (refund).
/// </summary>
[MessageUrn("payments:reverse-payment")]
[EntityName("payments:reverse-payment")]
public sealed record ReversePayment
{
    public required Guid OrderId { get; init; }

    /// <summary>Whose order it is; Payments may hear of an order here for the first time.</summary>
    public string? CustomerId { get; init; }

    /// <summary>Counts from 1; a further attempt is a new decision (an operator's, say), never a technical retry.</summary>
    public required int Attempt { get; init; }
}
