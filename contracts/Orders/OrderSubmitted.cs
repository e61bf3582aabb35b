using MassTransit;

namespace Contracts.Orders;

/// <summary>An order was accepted and stored; its life begins.</summary>
[MessageUrn("orders:order-submitted")]
[EntityName("orders:order-submitted")]
public sealed record OrderSubmitted
{
    public required Guid OrderId { get; init; }

    public required string CustomerId { get; init; }

    public required Money Total { get; init; }

    public required IReadOnlyList<OrderLine> Lines { get; init; }

    /// <summary>The payment provider's token for the customer's card; never card data.</summary>
    public required string PaymentMethod { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }
}
