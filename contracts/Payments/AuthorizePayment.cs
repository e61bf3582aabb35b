using MassTransit;

namespace Contracts.Payments;

/// <summary>Command: reserve the order's total on the customer's payment method.</summary>
[MessageUrn("payments:authorize-payment")]
[EntityName("payments:authorize-payment")]
public sealed record AuthorizePayment
{
    public required Guid OrderId { get; init; }

    /// <summary>Whose order it is, so that customers can be shown their own payments and nobody else's.</summary>
    public string? CustomerId { get; init; }

    /// <summary>Counts from 1; a new attempt is a new decision of the customer, never a technical retry.</summary>
    public required int Attempt { get; init; }

    public required Money Amount { get; init; }

    /// <summary>The payment provider's token for the customer's card; never card data.</summary>
    public required string PaymentMethod { get; init; }
}
