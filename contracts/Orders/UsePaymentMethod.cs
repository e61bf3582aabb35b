using MassTransit;

namespace Contracts.Orders;

/// <summary>Command: pay an order whose payment was declined or failed with another payment method.</summary>
[MessageUrn("orders:use-payment-method")]
[EntityName("orders:use-payment-method")]
public sealed record UsePaymentMethod
{
    public required Guid OrderId { get; init; }

    /// <summary>The payment provider's token for the customer's card; never card data.</summary>
    public required string PaymentMethod { get; init; }
}
