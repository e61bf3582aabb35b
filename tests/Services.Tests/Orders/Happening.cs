using Contracts;
using Contracts.Orders;
using Contracts.Payments;
using Orders.Lifecycle;

namespace Services.Tests.Orders;

/// <summary>Events in the life of one order, with what does not matter filled in.</summary>
internal sealed class Happening(OrderState order)
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private Guid Id => order.CorrelationId;

    public OrderSubmitted Submitted() => order.OrderSubmitted();

    public PaymentAuthorized Authorized(int attempt = 1) =>
        new() { OrderId = Id, Attempt = attempt, Amount = order.Total, AuthorizationId = "auth-1", AuthorizedAt = At };

    public PaymentDeclined Declined(int attempt = 1) =>
        new() { OrderId = Id, Attempt = attempt, Reason = "insufficient_funds", DeclinedAt = At };

    public PaymentFailed Failed(PaymentOperation operation, int attempt = 1) =>
        new() { OrderId = Id, Operation = operation, Attempt = attempt, Reason = "timeout", FailedAt = At };

    public PaymentCaptured Captured() => new() { OrderId = Id, Amount = order.Total, CaptureId = "cap-1", CapturedAt = At };

    public UsePaymentMethod NewMethod() => new() { OrderId = Id, PaymentMethod = "tok_other" };

    public CancelOrder Cancel() => new() { OrderId = Id, Reason = "Cancelled by the customer" };

    public PaymentDeadlineReached Deadline() => new() { OrderId = Id };

    public ResumeOrder Resume() => new() { OrderId = Id };

    public PaymentReversed Reversed(ReversalOutcome outcome, int attempt = 1) => new()
    {
        OrderId = Id,
        Attempt = attempt,
        Outcome = outcome,
        Amount = outcome == ReversalOutcome.NothingHeld ? null : new Money(order.TotalAmount, order.Currency),
        ReversedAt = At,
    };

    /// <summary>The shortest way to a state.</summary>
    public object[] Until(string status) => status switch
    {
        "Submitted" => [],
        "AwaitingPayment" => [Submitted()],
        "AwaitingNewPayment" => [Submitted(), Declined()],
        "Confirmed" => [Submitted(), Authorized()],
        "Completed" => [Submitted(), Authorized(), Captured()],
        "Cancelling" => [Submitted(), Cancel()],
        "Cancelled" => [Submitted(), Cancel(), Reversed(ReversalOutcome.NothingHeld)],
        "Refunded" => [Submitted(), Authorized(), Captured(), Cancel(), Reversed(ReversalOutcome.Refunded)],
        "NeedsAttention" => [Submitted(), Authorized(), Failed(PaymentOperation.Capture)],
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "no such state"),
    };

    public object Named(string name) => name switch
    {
        "OrderSubmitted" => Submitted(),
        "PaymentAuthorized" => Authorized(),
        "PaymentDeclined" => Declined(),
        "PaymentFailed(authorization)" => Failed(PaymentOperation.Authorization),
        "PaymentFailed(capture)" => Failed(PaymentOperation.Capture),
        "PaymentFailed(reversal)" => Failed(PaymentOperation.Reversal),
        "PaymentCaptured" => Captured(),
        "UsePaymentMethod" => NewMethod(),
        "CancelOrder" => Cancel(),
        "PaymentDeadlineReached" => Deadline(),
        "ResumeOrder" => Resume(),
        "PaymentReversed(nothing held)" => Reversed(ReversalOutcome.NothingHeld),
        "PaymentReversed(voided)" => Reversed(ReversalOutcome.Voided),
        "PaymentReversed(refunded)" => Reversed(ReversalOutcome.Refunded),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such event"),
    };
}
