using MassTransit;

namespace Contracts.Payments;

/// <summary>The customer's bank said no to one authorization attempt; another payment method may succeed.</summary>
[MessageUrn("payments:payment-declined")]
[EntityName("payments:payment-declined")]
public sealed record PaymentDeclined
{
    public required Guid OrderId { get; init; }

    public required int Attempt { get; init; }

    /// <summary>The provider's decline code, such as <c>insufficient_funds</c>.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset DeclinedAt { get; init; }
}
