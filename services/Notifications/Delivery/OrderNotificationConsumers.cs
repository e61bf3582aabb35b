using Contracts.Orders;
using MassTransit;

namespace Notifications.Delivery;

/// <summary>Tells the customer that the order is confirmed.</summary>
public sealed class OrderConfirmedConsumer(NotificationWriter notifications) : IConsumer<OrderConfirmed>
{
    public Task Consume(ConsumeContext<OrderConfirmed> context)
    {
        var order = context.Message;
        return notifications.WriteAsync(
            order.OrderId, NotificationKind.OrderConfirmed, order.CustomerId, NotificationTexts.For(order), context.CancellationToken);
    }
}

/// <summary>Tells the customer that the order is cancelled.</summary>
public sealed class OrderCancelledConsumer(NotificationWriter notifications) : IConsumer<OrderCancelled>
{
    public Task Consume(ConsumeContext<OrderCancelled> context)
    {
        var order = context.Message;
        return notifications.WriteAsync(
            order.OrderId, NotificationKind.OrderCancelled, order.CustomerId, NotificationTexts.For(order), context.CancellationToken);
    }
}

internal sealed class OrderConfirmedConsumerDefinition : ConsumerDefinition<OrderConfirmedConsumer>
{
    public OrderConfirmedConsumerDefinition() => EndpointName = "order-notifications";
}

internal sealed class OrderCancelledConsumerDefinition : ConsumerDefinition<OrderCancelledConsumer>
{
    public OrderCancelledConsumerDefinition() => EndpointName = "order-notifications";
}
