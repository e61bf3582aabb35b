using Contracts.Orders;
using MassTransit;

namespace Notifications.Delivery;

/// <summary>Tells the customer what has become of the order.</summary>
public sealed class OrderNotificationConsumer(NotificationWriter notifications) : IConsumer<OrderConfirmed>, IConsumer<OrderCancelled>
{
    public Task Consume(ConsumeContext<OrderConfirmed> context) =>
        notifications.WriteAsync(NotificationDraft.Of(context.Message), NotificationState.Pending, context.CancellationToken);

    public Task Consume(ConsumeContext<OrderCancelled> context) =>
        notifications.WriteAsync(NotificationDraft.Of(context.Message), NotificationState.Pending, context.CancellationToken);
}

internal sealed class OrderNotificationConsumerDefinition : ConsumerDefinition<OrderNotificationConsumer>
{
    public const string Queue = "order-notifications";

    public OrderNotificationConsumerDefinition() => EndpointName = Queue;
}
