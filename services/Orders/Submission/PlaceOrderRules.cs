using Hosting;

namespace Orders.Submission;

/// <summary>What an order must be like, whatever the price list says.</summary>
internal static class PlaceOrderRules
{
    private const int MaxLines = 100;
    private const int MaxQuantity = 10_000;

    public static Violations Check(PlaceOrder order)
    {
        var violations = new Violations();

        if (!CustomerId.IsValid(order.CustomerId))
            violations.Add("customerId", $"must be {CustomerId.Rule}");

        if (!PaymentMethodToken.IsValid(order.PaymentMethod))
            violations.Add("paymentMethod", PaymentMethodToken.Rule);

        if (order.Lines.Count is 0 or > MaxLines)
            violations.Add("lines", $"must be 1 to {MaxLines} lines");

        foreach (var (index, line) in order.Lines.Take(MaxLines).Index())
        {
            if (line is null)
                violations.Add($"lines[{index}]", "must be a line");
            else if (line.Quantity is < 1 or > MaxQuantity)
                violations.Add($"lines[{index}].quantity", $"must be from 1 to {MaxQuantity}");
        }

        return violations;
    }
}
