using Contracts.Orders;
using Microsoft.EntityFrameworkCore;
using Orders.Database;

namespace Orders.Submission;

/// <summary>Prices an order. Amounts never come from the client.</summary>
internal sealed class PriceList(OrdersDbContext database)
{
    /// <summary>Far below what 64 bits hold, and far above what anyone orders: ten million in a currency with cents.</summary>
    private const long MaxTotal = 1_000_000_000;

    public async Task<(IReadOnlyList<OrderLine> Lines, Violations Violations)> PriceAsync(PlaceOrder order, CancellationToken cancellationToken)
    {
        var skus = order.Lines.Select(line => line.Sku).Distinct().ToArray();
        var products = await database.Products.AsNoTracking().Where(product => skus.Contains(product.Sku)).ToListAsync(cancellationToken);
        var violations = new Violations();

        if (products.Count > 0 && products.TrueForAll(product => product.Currency != order.Currency))
            violations.Add("currency", "is not a currency of the price list");

        var lines = new List<OrderLine>();
        foreach (var (index, line) in order.Lines.Index())
        {
            if (products.Find(product => product.Sku == line.Sku && product.Currency == order.Currency) is { } product)
                lines.Add(new OrderLine(line.Sku, line.Quantity, product.UnitPrice));
            else if (products.TrueForAll(other => other.Sku != line.Sku))
                violations.Add($"lines[{index}].sku", "is not in the price list");
            else if (!violations.Any)
                violations.Add($"lines[{index}].sku", $"has no price in {order.Currency}");
        }

        if (lines.Aggregate((Int128)0, (sum, line) => sum + ((Int128)line.Quantity * line.UnitPrice)) > MaxTotal)
            violations.Add("lines", $"must not come to more than {MaxTotal} minor units in total");

        return (lines, violations);
    }
}
