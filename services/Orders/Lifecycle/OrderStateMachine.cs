using Contracts.Orders;
using Contracts.Payments;
using MassTransit;

namespace Orders.Lifecycle;

/// <summary>
/// The order's life: which event is accepted in which state, what is sent and where it leads. Payments and Notifications
/// obey and report; the decisions are here.
/// </summary>
public sealed class OrderStateMachine : MassTransitStateMachine<OrderState>
{
    private const string NotPaidInTime = "Not paid in time";

    private readonly HashSet<(State State, Event Event)> _accepted;

    public OrderStateMachine(TimeProvider time, ILogger<OrderStateMachine> logger)
    {
        InstanceState(order => order.Status);
        CorrelateByOrder();

        // A cancellation may overtake OrderSubmitted; Payments then refuses the authorization that is never asked for.
        During(Submitted,
            When(OrderSubmitted).Authorize().StartPaymentDeadline().TransitionTo(AwaitingPayment),
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling));

        During(AwaitingPayment,
            When(PaymentAuthorized).NoteAuthorization().Capture().TellConfirmed().TransitionTo(Confirmed),
            When(PaymentDeclined, OfTheLastAttempt).Because(e => $"Payment declined: {e.Reason}").TransitionTo(AwaitingNewPayment),
            When(PaymentFailed, ToAuthorize).Because(e => $"Payment failed: {e.Reason}").TransitionTo(AwaitingNewPayment),
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling),
            When(PaymentDeadlineReached).CancelBecause(_ => NotPaidInTime).TransitionTo(Cancelling));

        // An authorization whose answer was thought lost may still arrive.
        During(AwaitingNewPayment,
            When(UsePaymentMethod).ChangePaymentMethod().Authorize().TransitionTo(AwaitingPayment),
            When(PaymentAuthorized).NoteAuthorization().Capture().TellConfirmed().TransitionTo(Confirmed),
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling),
            When(PaymentDeadlineReached).CancelBecause(_ => NotPaidInTime).TransitionTo(Cancelling));

        During(Confirmed,
            When(PaymentCaptured).NoteCapture().TransitionTo(Completed),
            When(PaymentFailed, ToCapture).NoteFailedStep().TransitionTo(NeedsAttention),
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling));

        During(Completed,
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling));

        During(Cancelling,
            When(PaymentReversed, WithoutRefund).NoteReversal().TellCancelled().TransitionTo(Cancelled),
            When(PaymentReversed, WithRefund).NoteReversal().TellCancelled().TransitionTo(Refunded),
            When(PaymentFailed, ToReverse).NoteFailedStep().TransitionTo(NeedsAttention));

        During(NeedsAttention,
            When(ResumeOrder, AfterFailedCapture).Capture().TransitionTo(Confirmed),
            When(ResumeOrder, AfterFailedReversal).Reverse().TransitionTo(Cancelling),
            When(CancelOrder).CancelBecause(e => e.Reason).TransitionTo(Cancelling));

        // The order has ended, and still money was held or taken: it goes back.
        During(Cancelled, Refunded,
            When(PaymentAuthorized).CountLatePayment().Because(_ => "A late authorization is reversed").Reverse().Then(Record),
            When(PaymentCaptured).CountLatePayment().Because(_ => "A late capture is reversed").Reverse().Then(Record),
            When(PaymentFailed, ToReverse).NoteFailedStep().TransitionTo(NeedsAttention));

        WhenEnterAny(order => order.Then(Record));

        _accepted = [.. States.SelectMany(state => NextEvents(state).Select(next => (state, next)))];
        IgnoreEverythingElse();

        void Record(BehaviorContext<OrderState> context)
        {
            var order = context.Saga;
            order.Record(time.GetUtcNow());
            logger.LogInformation("The order is {Status}, version {Version}: {Reason}", order.Status, order.Version, order.Reason ?? "as planned");
        }
    }

    public State Submitted { get; private set; } = null!;
    public State AwaitingPayment { get; private set; } = null!;
    public State AwaitingNewPayment { get; private set; } = null!;
    public State Confirmed { get; private set; } = null!;
    public State Completed { get; private set; } = null!;
    public State Cancelling { get; private set; } = null!;
    public State Cancelled { get; private set; } = null!;
    public State Refunded { get; private set; } = null!;
    public State NeedsAttention { get; private set; } = null!;

    public Event<OrderSubmitted> OrderSubmitted { get; private set; } = null!;
    public Event<UsePaymentMethod> UsePaymentMethod { get; private set; } = null!;
    public Event<CancelOrder> CancelOrder { get; private set; } = null!;
    public Event<PaymentDeadlineReached> PaymentDeadlineReached { get; private set; } = null!;
    public Event<ResumeOrder> ResumeOrder { get; private set; } = null!;
    public Event<PaymentAuthorized> PaymentAuthorized { get; private set; } = null!;
    public Event<PaymentDeclined> PaymentDeclined { get; private set; } = null!;
    public Event<PaymentFailed> PaymentFailed { get; private set; } = null!;
    public Event<PaymentCaptured> PaymentCaptured { get; private set; } = null!;
    public Event<PaymentReversed> PaymentReversed { get; private set; } = null!;

    /// <summary>Whether an order in this state takes the event at all; everything else is ignored.</summary>
    public bool Accepts(string status, Event next) => _accepted.Contains((GetState(status), next));

    // An answer to an earlier attempt says nothing about the one under way.
    private static bool OfTheLastAttempt(BehaviorContext<OrderState, PaymentDeclined> context) =>
        context.Message.Attempt == context.Saga.AuthorizationAttempt;

    private static bool ToAuthorize(BehaviorContext<OrderState, PaymentFailed> context) =>
        context.Message.Operation == PaymentOperation.Authorization && context.Message.Attempt == context.Saga.AuthorizationAttempt;

    private static bool ToCapture(BehaviorContext<OrderState, PaymentFailed> context) =>
        context.Message.Operation == PaymentOperation.Capture && context.Message.Attempt == context.Saga.CaptureAttempt;

    private static bool ToReverse(BehaviorContext<OrderState, PaymentFailed> context) =>
        context.Message.Operation == PaymentOperation.Reversal && context.Message.Attempt == context.Saga.ReversalAttempt;

    private static bool WithoutRefund(BehaviorContext<OrderState, PaymentReversed> context) => !WithRefund(context);

    private static bool WithRefund(BehaviorContext<OrderState, PaymentReversed> context) =>
        context.Message.Outcome == ReversalOutcome.Refunded;

    private static bool AfterFailedCapture(BehaviorContext<OrderState> context) => context.Saga.FailedStep == PaymentOperation.Capture;

    private static bool AfterFailedReversal(BehaviorContext<OrderState> context) => context.Saga.FailedStep == PaymentOperation.Reversal;

    // Every event is about an order that POST /orders has stored; one about an unknown order is a mistake and must be seen.
    private void CorrelateByOrder()
    {
        Event(() => OrderSubmitted, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => UsePaymentMethod, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => CancelOrder, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentDeadlineReached, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => ResumeOrder, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentAuthorized, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentDeclined, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentFailed, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentCaptured, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
        Event(() => PaymentReversed, e => e.CorrelateById(context => context.Message.OrderId).OnMissingInstance(order => order.Fault()));
    }

    // What the table does not name is a duplicate, a stale deadline or an answer that no longer matters. (Not in Initial:
    // MassTransit would take that for an event that creates the saga.)
    private void IgnoreEverythingElse()
    {
        foreach (var state in States.Except([Initial, Final]))
        {
            foreach (var next in Events.Where(next => !_accepted.Contains((state, next))))
                During(state, Ignore(next));
        }
    }
}
