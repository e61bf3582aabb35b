using MassTransit;

namespace Contracts.Orders;

/// <summary>The order's payment is authorized: it will be delivered, and the customer may be told so.</summary>
[MessageUrn("orders:order-confirmed")]
[EntityName("orders:order-confirmed")]
public sealed record OrderConfirmed
{
    public required Guid OrderId { get; init; }

    public required string CustomerId { get; init; }

    public required Money Total { get; init; }

    public required IReadOnlyList<OrderLine> Lines { get; init; }

    public required DateTimeOffset ConfirmedAt { get; init; }
}
