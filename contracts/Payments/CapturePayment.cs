using MassTransit;

namespace Contracts.Payments;

/// <summary>Command: collect what was authorized for the order.</summary>
[MessageUrn("payments:capture-payment")]
[EntityName("payments:capture-payment")]
public sealed record CapturePayment
{
    public required Guid OrderId { get; init; }

    /// <summary>Counts from 1; a further attempt is an operator's decision, never a technical retry.</summary>
    public required int Attempt { get; init; }
}
