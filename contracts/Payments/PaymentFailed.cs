using MassTransit;

namespace Contracts.Payments;

/// <summary>The provider could not be brought to carry out an operation, retries included; nobody said no.</summary>
[MessageUrn("payments:payment-failed")]
[EntityName("payments:payment-failed")]
public sealed record PaymentFailed
{
    public required Guid OrderId { get; init; }

    public required PaymentOperation Operation { get; init; }

    public required int Attempt { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset FailedAt { get; init; }
}
