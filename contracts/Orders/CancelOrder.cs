using MassTransit;

namespace Contracts.Orders;

/// <summary>Command: end the order, whatever has happened to its payment so far.</summary>
[MessageUrn("orders:cancel-order")]
[EntityName("orders:cancel-order")]
public sealed record CancelOrder
{
    public required Guid OrderId { get; init; }

    /// <summary>Why, as the order's timeline will tell it.</summary>
    public required string Reason { get; init; }
}
