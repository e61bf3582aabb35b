namespace PaymentProviderSimulator.Operations;

/// <summary>How an operation ended.</summary>
public enum OperationOutcome
{
    /// <summary>Done; money is reserved, collected, released or paid back.</summary>
    Succeeded,

    /// <summary>The card's bank said no.</summary>
    Declined,

    /// <summary>The rules forbid it: a second capture, a capture after a void, a refund of more than was captured.</summary>
    Refused,

    /// <summary>The provider broke down before doing anything; the same idempotency key may be tried again.</summary>
    Error,
}

/// <summary>One line of the provider's log, and all that it knows about one operation.</summary>
public sealed record OperationEntry
{
    /// <summary>Position in the log, from 1.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string IdempotencyKey { get; init; }

    public required OperationRequest Request { get; init; }

    public required OperationOutcome Outcome { get; init; }

    /// <summary>The provider's id of what was made or acted on; null when nothing was.</summary>
    public string? Id { get; init; }

    /// <summary>Why it was declined or refused.</summary>
    public string? Reason { get; init; }

    /// <summary>The order that it belongs to; unknown for the cancellation of a key never seen.</summary>
    public Guid? OrderId { get; init; }

    /// <summary>In the minor unit of <see cref="Currency" />.</summary>
    public long? Amount { get; init; }

    public string? Currency { get; init; }
}
