using Contracts.Orders;
using Contracts.Payments;
using Orders.Lifecycle;
using Shouldly;

namespace Services.Tests.Orders;

public sealed class OrderStateMachineTests(StateMachineHarness machine) : IClassFixture<StateMachineHarness>
{
    private static readonly string[] States =
    [
        "Submitted", "AwaitingPayment", "AwaitingNewPayment", "Confirmed", "Completed", "Cancelling", "Cancelled", "Refunded", "NeedsAttention",
    ];

    private static readonly string[] Events =
    [
        "OrderSubmitted", "PaymentAuthorized", "PaymentDeclined", "PaymentFailed(authorization)", "PaymentFailed(capture)",
        "PaymentFailed(reversal)", "PaymentCaptured", "UsePaymentMethod", "CancelOrder", "PaymentDeadlineReached", "ResumeOrder",
        "PaymentReversed(nothing held)", "PaymentReversed(voided)", "PaymentReversed(refunded)",
    ];

    /// <summary>state, event → next state: what is sent. The design's table, and nothing else is accepted.</summary>
    private static readonly Dictionary<(string State, string Event), (string Next, string Sent)> Table = new()
    {
        [("Submitted", "OrderSubmitted")] = ("AwaitingPayment", "AuthorizePayment#1 PaymentDeadlineReached"),
        [("Submitted", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),

        [("AwaitingPayment", "PaymentAuthorized")] = ("Confirmed", "CapturePayment#1 OrderConfirmed"),
        [("AwaitingPayment", "PaymentDeclined")] = ("AwaitingNewPayment", ""),
        [("AwaitingPayment", "PaymentFailed(authorization)")] = ("AwaitingNewPayment", ""),
        [("AwaitingPayment", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),
        [("AwaitingPayment", "PaymentDeadlineReached")] = ("Cancelling", "ReversePayment#1"),

        [("AwaitingNewPayment", "UsePaymentMethod")] = ("AwaitingPayment", "AuthorizePayment#2"),
        [("AwaitingNewPayment", "PaymentAuthorized")] = ("Confirmed", "CapturePayment#1 OrderConfirmed"),
        [("AwaitingNewPayment", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),
        [("AwaitingNewPayment", "PaymentDeadlineReached")] = ("Cancelling", "ReversePayment#1"),

        [("Confirmed", "PaymentCaptured")] = ("Completed", ""),
        [("Confirmed", "PaymentFailed(capture)")] = ("NeedsAttention", ""),
        [("Confirmed", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),

        [("Completed", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),

        [("Cancelling", "PaymentReversed(nothing held)")] = ("Cancelled", "OrderCancelled"),
        [("Cancelling", "PaymentReversed(voided)")] = ("Cancelled", "OrderCancelled"),
        [("Cancelling", "PaymentReversed(refunded)")] = ("Refunded", "OrderCancelled"),
        [("Cancelling", "PaymentFailed(reversal)")] = ("NeedsAttention", ""),

        [("NeedsAttention", "ResumeOrder")] = ("Confirmed", "CapturePayment#2"),
        [("NeedsAttention", "CancelOrder")] = ("Cancelling", "ReversePayment#1"),

        [("Cancelled", "PaymentAuthorized")] = ("Cancelled", "ReversePayment#2"),
        [("Cancelled", "PaymentCaptured")] = ("Cancelled", "ReversePayment#2"),
        [("Cancelled", "PaymentFailed(reversal)")] = ("NeedsAttention", ""),
        [("Refunded", "PaymentAuthorized")] = ("Refunded", "ReversePayment#2"),
        [("Refunded", "PaymentCaptured")] = ("Refunded", "ReversePayment#2"),
        [("Refunded", "PaymentFailed(reversal)")] = ("NeedsAttention", ""),
    };

    public static TheoryData<string, string> EveryPair
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var state in States)
            {
                foreach (var next in Events)
                    pairs.Add(state, next);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(EveryPair))]
    public async Task An_event_does_in_a_state_what_the_table_says_and_nothing_otherwise(string state, string @event)
    {
        var order = await machine.NewOrderAsync();
        var happening = new Happening(order);
        await machine.HappenAsync(happening.Until(state));
        order.Status.ShouldBe(state);
        var versionBefore = order.Version;

        var sent = await machine.HappenAsync(happening.Named(@event));

        if (Table.TryGetValue((state, @event), out var expected))
        {
            order.Status.ShouldBe(expected.Next);
            order.Version.ShouldBe(versionBefore + 1);
            string.Join(' ', sent.Select(Short)).ShouldBe(expected.Sent);
        }
        else
        {
            order.Status.ShouldBe(state);
            order.Version.ShouldBe(versionBefore);
            sent.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Every_accepted_event_is_one_line_of_the_journal_and_one_version()
    {
        var order = await machine.NewOrderAsync();
        var then = new Happening(order);

        await machine.HappenAsync(
            then.Submitted(), then.Declined(), then.NewMethod(), then.Authorized(attempt: 2), then.Captured(), then.Cancel(), then.Reversed(ReversalOutcome.Refunded));

        order.Journal.Select(entry => $"{entry.Version} {entry.Status}: {entry.Reason}").ShouldBe(
        [
            "1 Submitted: ",
            "2 AwaitingPayment: ",
            "3 AwaitingNewPayment: Payment declined: insufficient_funds",
            "4 AwaitingPayment: ",
            "5 Confirmed: ",
            "6 Completed: ",
            "7 Cancelling: Cancelled by the customer",
            "8 Refunded: Cancelled by the customer",
        ]);
    }

    [Theory]
    [InlineData("PaymentDeclined")]
    [InlineData("PaymentFailed(authorization)")]
    public async Task A_late_no_to_the_first_attempt_does_not_end_the_second(string answer)
    {
        var order = await machine.NewOrderAsync();
        var then = new Happening(order);
        await machine.HappenAsync(then.Submitted(), then.Declined(), then.NewMethod());

        await machine.HappenAsync(then.Named(answer));

        order.Status.ShouldBe("AwaitingPayment");
        order.PaymentMethod.ShouldBe("tok_other");
    }

    [Fact]
    public async Task A_late_yes_to_the_first_attempt_confirms_the_order_while_the_second_is_under_way()
    {
        var order = await machine.NewOrderAsync();
        var then = new Happening(order);
        await machine.HappenAsync(then.Submitted(), then.Failed(PaymentOperation.Authorization), then.NewMethod());

        await machine.HappenAsync(then.Authorized(attempt: 1));

        order.Status.ShouldBe("Confirmed");
    }

    [Fact]
    public async Task A_failed_reversal_is_resumed_as_a_reversal_and_keeps_the_reason_of_the_cancellation()
    {
        var order = await machine.NewOrderAsync();
        var then = new Happening(order);
        await machine.HappenAsync(then.Submitted(), then.Deadline(), then.Failed(PaymentOperation.Reversal));
        order.Status.ShouldBe("NeedsAttention");

        var sent = await machine.HappenAsync(then.Resume());
        sent.ShouldHaveSingleItem().ShouldBeOfType<ReversePayment>().Attempt.ShouldBe(2);

        sent = await machine.HappenAsync(then.Reversed(ReversalOutcome.Voided, attempt: 2));
        sent.ShouldHaveSingleItem().ShouldBeOfType<OrderCancelled>().Reason.ShouldBe("Not paid in time");
        order.Reason.ShouldBe("Not paid in time");
    }

    [Fact]
    public async Task A_refund_is_told_with_its_amount_and_a_void_without()
    {
        var refunded = new Happening(await machine.NewOrderAsync());
        var sent = await machine.HappenAsync(
            refunded.Submitted(), refunded.Authorized(), refunded.Captured(), refunded.Cancel(), refunded.Reversed(ReversalOutcome.Refunded));
        sent.ShouldHaveSingleItem().ShouldBeOfType<OrderCancelled>().Refunded.ShouldNotBeNull().Amount.ShouldBe(2500);

        var voided = new Happening(await machine.NewOrderAsync());
        sent = await machine.HappenAsync(voided.Submitted(), voided.Authorized(), voided.Cancel(), voided.Reversed(ReversalOutcome.Voided));
        sent.ShouldHaveSingleItem().ShouldBeOfType<OrderCancelled>().Refunded.ShouldBeNull();
    }

    [Fact]
    public async Task An_event_about_an_order_that_nobody_placed_is_a_fault_and_not_ignored()
    {
        var nobodys = OrderState.Submit(Guid.CreateVersion7(), "ada", "EUR", [], "tok_approve", DateTimeOffset.UtcNow);

        await Should.ThrowAsync<MassTransit.SagaException>(() => machine.HappenAsync(new Happening(nobodys).Authorized()));
    }

    private static string Short(object message) => message switch
    {
        AuthorizePayment command => $"AuthorizePayment#{command.Attempt}",
        CapturePayment command => $"CapturePayment#{command.Attempt}",
        ReversePayment command => $"ReversePayment#{command.Attempt}",
        _ => message.GetType().Name,
    };
}
