using MassTransit;

namespace Contracts.Payments;

/// <summary>The reserved amount was collected.</summary>
[MessageUrn("payments:payment-captured")]
[EntityName("payments:payment-captured")]
public sealed record PaymentCaptured
{
    public required Guid OrderId { get; init; }

    public required Money Amount { get; init; }

    /// <summary>The provider's own id of the capture.</summary>
    public required string CaptureId { get; init; }

    public required DateTimeOffset CapturedAt { get; init; }
}
