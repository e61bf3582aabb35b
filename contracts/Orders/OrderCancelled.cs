using MassTransit;

namespace Contracts.Orders;

/// <summary>The order will not be delivered and nothing of its payment is held any more; the customer may be told so.</summary>
[MessageUrn("orders:order-cancelled")]
[EntityName("orders:order-cancelled")]
public sealed record OrderCancelled
{
    public required Guid OrderId { get; init; }

    public required string CustomerId { get; init; }

    public required Money Total { get; init; }

    /// <summary>Why, as the order's timeline tells it.</summary>
    public required string Reason { get; init; }

    /// <summary>What was paid back; null when nothing had been captured.</summary>
    public Money? Refunded { get; init; }

    public required DateTimeOffset CancelledAt { get; init; }
}
