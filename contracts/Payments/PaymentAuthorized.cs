using MassTransit;

namespace Contracts.Payments;

/// <summary>The order's total is reserved on the customer's payment method.</summary>
[MessageUrn("payments:payment-authorized")]
[EntityName("payments:payment-authorized")]
public sealed record PaymentAuthorized
{
    public required Guid OrderId { get; init; }

    public required int Attempt { get; init; }

    public required Money Amount { get; init; }

    /// <summary>The provider's own id of the authorization.</summary>
    public required string AuthorizationId { get; init; }

    public required DateTimeOffset AuthorizedAt { get; init; }
}
