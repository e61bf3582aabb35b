using Contracts;

namespace Orders.Submission;

/// <summary>The body of POST /orders. Prices are not in it: they come from the price list.</summary>
public sealed record PlaceOrder
{
    public required string CustomerId { get; init; }

    /// <summary>ISO 4217 alphabetic code, one that the price list knows.</summary>
    public required string Currency { get; init; }

    /// <summary>The payment provider's token for the customer's card (<c>tok_…</c>); never card data.</summary>
    public required string PaymentMethod { get; init; }

    public required IReadOnlyList<PlaceOrderLine> Lines { get; init; }
}

/// <summary>What is ordered.</summary>
public sealed record PlaceOrderLine
{
    public required string Sku { get; init; }

    public required int Quantity { get; init; }
}

/// <summary>The order is stored and will be carried through; how far it has come is told by GET /orders/{id}.</summary>
public sealed record OrderAccepted(Guid Id, string Status, int Version, Money Total);
