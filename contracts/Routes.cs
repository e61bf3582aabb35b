using Contracts.Orders;
using Contracts.Payments;

namespace Contracts;

/// <summary>
/// The routing table: the one place that says which service publishes what and which endpoint receives it.
/// The broker's exchanges, queues, bindings and shovels are made from it; the services themselves know none of it.
/// </summary>
public static class Routes
{
    public static readonly Service Orders = new("orders");
    public static readonly Service Payments = new("payments");
    public static readonly Service Notifications = new("notifications");

    public static IReadOnlyList<Service> Services { get; } = [Orders, Payments, Notifications];

    public static IReadOnlyList<Route> All { get; } =
    [
        Orders.Publishes<OrderSubmitted>().To(Orders, "order-lifecycle"),
        Orders.Publishes<UsePaymentMethod>().To(Orders, "order-lifecycle"),
        Orders.Publishes<CancelOrder>().To(Orders, "order-lifecycle"),
        Orders.Publishes<ResumeOrder>().To(Orders, "order-lifecycle"),
        Orders.Publishes<PaymentDeadlineReached>().To(Orders, "order-lifecycle"),
        Orders.Publishes<AuthorizePayment>().To(Payments, "authorize-payment"),
        Orders.Publishes<CapturePayment>().To(Payments, "capture-payment"),
        Orders.Publishes<ReversePayment>().To(Payments, "reverse-payment"),
        Orders.Publishes<OrderConfirmed>().To(Notifications, "order-notifications"),
        Orders.Publishes<OrderCancelled>().To(Notifications, "order-notifications"),

        Payments.Publishes<PaymentAuthorized>().To(Orders, "order-lifecycle"),
        Payments.Publishes<PaymentDeclined>().To(Orders, "order-lifecycle"),
        Payments.Publishes<PaymentFailed>().To(Orders, "order-lifecycle"),
        Payments.Publishes<PaymentCaptured>().To(Orders, "order-lifecycle"),
        Payments.Publishes<PaymentReversed>().To(Orders, "order-lifecycle"),
    ];

    /// <summary>From the moment an order may be paid until it has to be.</summary>
    public static readonly WaitQueue PaymentDeadline =
        Orders.Waits<PaymentDeadlineReached>("payment-deadline", TimeSpan.FromMinutes(15));

    public static IReadOnlyList<WaitQueue> WaitQueues { get; } = [PaymentDeadline];

    /// <summary>Where messages wait, in every virtual host, between two attempts to process them; shortest first.</summary>
    public static IReadOnlyList<RetryQueue> RetryQueues { get; } =
    [
        new("retry-5s", TimeSpan.FromSeconds(5)),
        new("retry-30s", TimeSpan.FromSeconds(30)),
        new("retry-5m", TimeSpan.FromMinutes(5)),
    ];

    /// <summary>Endpoints whose messages go stale: better no mail than one that comes a day late.</summary>
    public static IReadOnlyList<Expiry> Expiries { get; } =
    [
        new(Notifications, "order-notifications", "notification-expired", TimeSpan.FromDays(1)),
    ];
}
