using Contracts;
using Contracts.Orders;

namespace Notifications.Delivery;

/// <summary>What customers read.</summary>
internal static class NotificationTexts
{
    public static (string Subject, string Body) For(OrderConfirmed order) => (
        $"Your order {order.OrderId} is confirmed",
        $"""
        Thank you for your order {order.OrderId}.

        {string.Join('\n', order.Lines.Select(line => $"  {line.Quantity} x {line.Sku} at {new Money(line.UnitPrice, order.Total.Currency).ToText()}"))}

        Total: {order.Total.ToText()}
        """);

    public static (string Subject, string Body) For(OrderCancelled order) => (
        $"Your order {order.OrderId} is cancelled",
        $"""
        Your order {order.OrderId} over {order.Total.ToText()} is cancelled.

        Reason: {order.Reason}
        {(order.Refunded is { } refunded ? $"We have refunded {refunded.ToText()} to your card." : "You have not been charged.")}
        """);
}
