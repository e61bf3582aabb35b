namespace Contracts.Orders;

/// <summary>One line of an order, priced when the order was accepted.</summary>
/// <param name="Sku">The product's key in the price list.</param>
/// <param name="Quantity">How many, at least 1.</param>
/// <param name="UnitPrice">The price of one, in the minor unit of the order's currency.</param>
public sealed record OrderLine(string Sku, int Quantity, long UnitPrice);
