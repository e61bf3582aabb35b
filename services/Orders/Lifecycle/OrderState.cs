using Contracts;
using Contracts.Orders;
using Contracts.Payments;
using MassTransit;

namespace Orders.Lifecycle;

/// <summary>
/// An order, and at the same time the instance of its saga: one row is the one truth. POST /orders inserts it as Submitted,
/// version 1; from version 2 on only <see cref="OrderStateMachine" /> changes it.
/// </summary>
public sealed class OrderState : SagaStateMachineInstance
{
    private readonly List<JournalEntry> _journal = [];
    private string? _reason;

    /// <summary>The order's id; MassTransit's name for what a saga is found by.</summary>
    public Guid CorrelationId { get; set; }

    /// <summary>The name of the state; set by the state machine.</summary>
    public string Status { get; set; } = "";

    /// <summary>Counts what happened to the order: one per accepted event.</summary>
    public int Version { get; private set; }

    /// <summary>What led to the last change, where the status alone does not say it.</summary>
    public string? Reason { get; private set; }

    public string CustomerId { get; private init; } = "";

    public string Currency { get; private init; } = "";

    /// <summary>In the currency's minor unit.</summary>
    public long TotalAmount { get; private init; }

    public IReadOnlyList<OrderLine> Lines { get; private init; } = [];

    public DateTimeOffset SubmittedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>The payment provider's token of the method in use.</summary>
    public string PaymentMethod { get; private set; } = "";

    /// <summary>How many authorizations, captures and reversals have been asked for; the last of each is the one that counts.</summary>
    public int AuthorizationAttempt { get; private set; }

    public int CaptureAttempt { get; private set; }

    public int ReversalAttempt { get; private set; }

    /// <summary>Which step left the order needing attention.</summary>
    public PaymentOperation? FailedStep { get; private set; }

    public string? CancellationReason { get; private set; }

    public DateTimeOffset? AuthorizedAt { get; private set; }

    public DateTimeOffset? CapturedAt { get; private set; }

    public DateTimeOffset? ReversedAt { get; private set; }

    public ReversalOutcome? Reversal { get; private set; }

    public Money Total => new(TotalAmount, Currency);

    /// <summary>What is new in the journal; earlier entries are read with a query, not through here.</summary>
    public IReadOnlyCollection<JournalEntry> Journal => _journal;

    /// <summary>A new order: Submitted, version 1.</summary>
    public static OrderState Submit(
        Guid id, string customerId, string currency, IReadOnlyList<OrderLine> lines, string paymentMethod, DateTimeOffset now)
    {
        var order = new OrderState
        {
            CorrelationId = id,
            Status = nameof(OrderStateMachine.Submitted),
            CustomerId = customerId,
            Currency = currency,
            TotalAmount = lines.Sum(line => checked(line.Quantity * line.UnitPrice)),
            Lines = lines,
            PaymentMethod = paymentMethod,
            SubmittedAt = now,
        };
        order.Record(now);
        return order;
    }

    /// <summary>Gives the reason of the change that is under way.</summary>
    public void Because(string? reason) => _reason = reason;

    /// <summary>Counts an accepted event and writes it down.</summary>
    public void Record(DateTimeOffset now)
    {
        Version++;
        Reason = _reason;
        UpdatedAt = now;
        _journal.Add(new JournalEntry { OrderId = CorrelationId, Version = Version, Status = Status, Reason = Reason, At = now });
        _reason = null;
    }

    public OrderSubmitted OrderSubmitted() => new()
    {
        OrderId = CorrelationId,
        CustomerId = CustomerId,
        Total = Total,
        Lines = Lines,
        PaymentMethod = PaymentMethod,
        SubmittedAt = SubmittedAt,
    };

    public void ChangePaymentMethod(string paymentMethod) => PaymentMethod = paymentMethod;

    public AuthorizePayment NextAuthorization() => new()
    {
        OrderId = CorrelationId,
        CustomerId = CustomerId,
        Attempt = ++AuthorizationAttempt,
        Amount = Total,
        PaymentMethod = PaymentMethod,
    };

    public PaymentDeadlineReached PaymentDeadline() => new() { OrderId = CorrelationId };

    public void WasAuthorized(DateTimeOffset at) => AuthorizedAt = at;

    public OrderConfirmed OrderConfirmed(DateTimeOffset at) => new()
    {
        OrderId = CorrelationId,
        CustomerId = CustomerId,
        Total = Total,
        Lines = Lines,
        ConfirmedAt = at,
    };

    public CapturePayment NextCapture() => new() { OrderId = CorrelationId, Attempt = ++CaptureAttempt };

    public void WasCaptured(DateTimeOffset at) => CapturedAt = at;

    public void CancelBecause(string reason)
    {
        CancellationReason = reason;
        Because(reason);
    }

    public ReversePayment NextReversal() => new() { OrderId = CorrelationId, CustomerId = CustomerId, Attempt = ++ReversalAttempt };

    public void WasReversed(ReversalOutcome outcome, DateTimeOffset at)
    {
        Reversal = outcome;
        ReversedAt = at;
        Because(CancellationReason);
    }

    public OrderCancelled OrderCancelled(PaymentReversed reversal) => new()
    {
        OrderId = CorrelationId,
        CustomerId = CustomerId,
        Total = Total,
        Reason = CancellationReason ?? "",
        Refunded = reversal.Outcome == ReversalOutcome.Refunded ? reversal.Amount : null,
        CancelledAt = reversal.ReversedAt,
    };

    public void StepFailed(PaymentFailed failure)
    {
        FailedStep = failure.Operation;
        Because($"{failure.Operation} failed: {failure.Reason}");
    }
}
