using MassTransit;

namespace Contracts.Orders;

/// <summary>
/// The time within which the order had to be paid is over. Sent once per order to the wait queue
/// <see cref="Routes.PaymentDeadline" />, whose time to live turns it into an event.
/// </summary>
[MessageUrn("orders:payment-deadline-reached")]
[EntityName("orders:payment-deadline-reached")]
public sealed record PaymentDeadlineReached
{
    public required Guid OrderId { get; init; }
}
