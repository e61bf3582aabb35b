using Contracts.Payments;

namespace Payments.Operations;

/// <summary>How far an attempt has come.</summary>
public enum AttemptState
{
    /// <summary>The provider is being asked, or was when a process died.</summary>
    Started,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>The customer's bank said no.</summary>
    Declined,

    /// <summary>Not done, and certainly not done.</summary>
    Failed,

    /// <summary>No answer came within the bounds; the provider may have done it.</summary>
    Unknown,

    /// <summary>Overtaken while its outcome was not known; what overtook it finds out and gives the answer.</summary>
    Superseded,

    /// <summary>Superseded, and the provider has confirmed that nothing of it is held.</summary>
    Cancelled,
}

/// <summary>One request to the provider, committed before it is made. Unique by order, kind and number.</summary>
public sealed class PaymentAttempt
{
    public required Guid OrderId { get; init; }

    public required PaymentOperation Kind { get; init; }

    /// <summary>Counts from 1, as the command does.</summary>
    public required int Number { get; init; }

    /// <summary>What makes the provider do it once, however often it is asked.</summary>
    public required string IdempotencyKey { get; init; }

    public AttemptState State { get; private set; } = AttemptState.Started;

    /// <summary>In the minor unit of <see cref="Currency" />; null for a reversal that found nothing held.</summary>
    public long? Amount { get; init; }

    public string? Currency { get; init; }

    /// <summary>The card's token; kept because a repeat under the same idempotency key must be the same request.</summary>
    public string? PaymentMethod { get; init; }

    /// <summary>The provider's id of the authorization or capture.</summary>
    public string? ProviderReference { get; private set; }

    /// <summary>Why it was declined or failed.</summary>
    public string? Reason { get; private set; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Whether the provider may hold something for this attempt without our knowing.</summary>
    public bool IsUncertain => State is AttemptState.Started or AttemptState.Unknown;

    /// <summary>Notes how the attempt ended.</summary>
    public void End(AttemptState state, DateTimeOffset at, string? providerReference = null, string? reason = null)
    {
        State = state;
        EndedAt = at;
        ProviderReference = providerReference;
        Reason = reason;
    }
}
