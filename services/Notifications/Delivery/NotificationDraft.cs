using Contracts;
using Contracts.Orders;

namespace Notifications.Delivery;

/// <summary>What a customer is to be told.</summary>
public sealed record NotificationDraft(Guid OrderId, NotificationKind Kind, string CustomerId, string Subject, string Body)
{
    public static NotificationDraft Of(OrderConfirmed order) => new(
        order.OrderId,
        NotificationKind.OrderConfirmed,
        order.CustomerId,
        $"Your order {order.OrderId} is confirmed",
        $"""
        Thank you for your order {order.OrderId}.

        {string.Join('\n', order.Lines.Select(line => $"  {line.Quantity} x {line.Sku} at {new Money(line.UnitPrice, order.Total.Currency).ToText()}"))}

        Total: {order.Total.ToText()}
        """);

    public static NotificationDraft Of(OrderCancelled order) => new(
        order.OrderId,
        NotificationKind.OrderCancelled,
        order.CustomerId,
        $"Your order {order.OrderId} is cancelled",
        $"""
        Your order {order.OrderId} over {order.Total.ToText()} is cancelled.

        Reason: {order.Reason}
        {(order.Refunded is { } refunded ? $"We have refunded {refunded.ToText()} to your card." : "You have not been charged.")}
        """);
}
