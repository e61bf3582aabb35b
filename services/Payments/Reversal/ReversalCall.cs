using Contracts;
using Contracts.Payments;

namespace Payments.Reversal;

/// <summary>What to give back, and what to make sure of.</summary>
/// <param name="Attempt">The attempt that waits for the answer.</param>
/// <param name="IdempotencyKey">The same as long as nobody knows whether the reversal was made.</param>
/// <param name="AuthorizationId">What is held for certain.</param>
/// <param name="CaptureId">Its capture, when that is known.</param>
/// <param name="Amount">What is authorized and, once captured, to be refunded.</param>
/// <param name="UncertainAuthorizations">Keys under which an authorization may have been made, or may still arrive.</param>
/// <param name="UncertainCaptures">Keys under which a capture may have been made, or may still arrive.</param>
public sealed record ReversalCall(
    int Attempt,
    string IdempotencyKey,
    string? AuthorizationId,
    string? CaptureId,
    Money? Amount,
    IReadOnlyList<string> UncertainAuthorizations,
    IReadOnlyList<string> UncertainCaptures);

/// <summary>What came of it.</summary>
public abstract record ReversalAnswer
{
    private ReversalAnswer()
    {
    }

    /// <summary>Nothing is held any more.</summary>
    /// <param name="Outcome">What had been held.</param>
    /// <param name="CancelledKey">The uncertain authorization that turned out to be held and was voided.</param>
    /// <param name="CaptureId">The capture that was refunded.</param>
    public sealed record Done(ReversalOutcome Outcome, string? CancelledKey = null, string? CaptureId = null) : ReversalAnswer;

    /// <summary>The provider did not do it.</summary>
    /// <param name="Reason">Why.</param>
    /// <param name="IsUncertain">Whether it may have done it without our hearing of it.</param>
    public sealed record Failed(string Reason, bool IsUncertain) : ReversalAnswer;
}
