using System.Diagnostics.Metrics;
using Contracts;
using Contracts.Payments;
using MassTransit;

namespace Orders.Lifecycle;

/// <summary>What the state machine does on the way from one state to the next, in the words of the business.</summary>
internal static class OrderSteps
{
    private static readonly Meter Meter = new("Orders");

    private static readonly Counter<long> LatePayments = Meter.CreateCounter<long>(
        "orders.late_payments", description: "Authorizations and captures that came after an order had ended, and were reversed.");

    public static EventActivityBinder<OrderState, T> Because<T>(this EventActivityBinder<OrderState, T> step, Func<T, string> reason)
        where T : class => step.Then(context => context.Saga.Because(reason(context.Message)));

    public static EventActivityBinder<OrderState, T> Authorize<T>(this EventActivityBinder<OrderState, T> step)
        where T : class => step.Publish(context => context.Saga.NextAuthorization());

    public static EventActivityBinder<OrderState, T> StartPaymentDeadline<T>(this EventActivityBinder<OrderState, T> step)
        where T : class => step.Send(Routes.PaymentDeadline.Address, context => context.Saga.PaymentDeadline());

    public static EventActivityBinder<OrderState, Contracts.Orders.UsePaymentMethod> ChangePaymentMethod(
        this EventActivityBinder<OrderState, Contracts.Orders.UsePaymentMethod> step) =>
        step.Then(context => context.Saga.ChangePaymentMethod(context.Message.PaymentMethod));

    public static EventActivityBinder<OrderState, PaymentAuthorized> NoteAuthorization(this EventActivityBinder<OrderState, PaymentAuthorized> step) =>
        step.Then(context => context.Saga.WasAuthorized(context.Message.AuthorizedAt));

    public static EventActivityBinder<OrderState, T> Capture<T>(this EventActivityBinder<OrderState, T> step)
        where T : class => step.Publish(context => context.Saga.NextCapture());

    public static EventActivityBinder<OrderState, PaymentAuthorized> TellConfirmed(this EventActivityBinder<OrderState, PaymentAuthorized> step) =>
        step.Publish(context => context.Saga.OrderConfirmed(context.Message.AuthorizedAt));

    public static EventActivityBinder<OrderState, PaymentCaptured> NoteCapture(this EventActivityBinder<OrderState, PaymentCaptured> step) =>
        step.Then(context => context.Saga.WasCaptured(context.Message.CapturedAt));

    public static EventActivityBinder<OrderState, T> CancelBecause<T>(this EventActivityBinder<OrderState, T> step, Func<T, string> reason)
        where T : class => step.Then(context => context.Saga.CancelBecause(reason(context.Message))).Reverse();

    public static EventActivityBinder<OrderState, T> Reverse<T>(this EventActivityBinder<OrderState, T> step)
        where T : class => step.Publish(context => context.Saga.NextReversal());

    public static EventActivityBinder<OrderState, PaymentReversed> NoteReversal(this EventActivityBinder<OrderState, PaymentReversed> step) =>
        step.Then(context => context.Saga.WasReversed(context.Message.Outcome, context.Message.ReversedAt));

    public static EventActivityBinder<OrderState, PaymentReversed> TellCancelled(this EventActivityBinder<OrderState, PaymentReversed> step) =>
        step.Publish(context => context.Saga.OrderCancelled(context.Message));

    public static EventActivityBinder<OrderState, PaymentFailed> NoteFailedStep(this EventActivityBinder<OrderState, PaymentFailed> step) =>
        step.Then(context => context.Saga.StepFailed(context.Message));

    public static EventActivityBinder<OrderState, T> CountLatePayment<T>(this EventActivityBinder<OrderState, T> step)
        where T : class => step.Then(_ => LatePayments.Add(1));
}
