using Contracts;
using Contracts.Payments;
using Payments.Operations;
using Payments.Provider;

namespace Payments.Capture;

/// <summary>What to ask the provider for.</summary>
/// <param name="Attempt">The attempt that waits for the answer.</param>
/// <param name="IdempotencyKey">The same as long as nobody knows whether the capture was made.</param>
/// <param name="AuthorizationId">What to collect.</param>
/// <param name="Amount">All that was authorized.</param>
public sealed record CaptureCall(int Attempt, string IdempotencyKey, string AuthorizationId, Money Amount);

/// <summary>What may be captured, and what the provider's answer means. Pure: given a payment, when told, then.</summary>
public static class CaptureRules
{
    private const PaymentOperation Kind = PaymentOperation.Capture;

    /// <summary>Begins or repeats an attempt.</summary>
    /// <returns>What to ask the provider for; null when there is nothing to ask.</returns>
    public static CaptureCall? Begin(Payment payment, CapturePayment command, DateTimeOffset now)
    {
        if (payment.FindAttempt(Kind, command.Attempt) is { } known)
            return known.State == AttemptState.Started ? Call(payment, known) : null;

        if (!payment.IsClosed && payment.FindSucceeded(Kind) is { } succeeded)
        {
            TellCaptured(payment, succeeded);
            return null;
        }

        // An attempt whose outcome is not known is repeated under its own key: if it was made after all, that is the answer.
        var repeated = payment.IsClosed ? null : payment.Supersede(Kind, now);
        var attempt = payment.Start(Kind, command.Attempt, repeated?.IdempotencyKey ?? $"capture-{command.OrderId}-{command.Attempt}", payment.Authorized, now);
        if (payment is { IsClosed: false, AuthorizationId: not null })
            return Call(payment, attempt);

        Fail(payment, attempt, AttemptState.Failed, payment.IsClosed ? FailureReasons.Reversed : FailureReasons.NotAuthorized, now);
        return null;
    }

    /// <summary>Takes the provider's answer in, unless somebody else has answered for the attempt meanwhile.</summary>
    public static void End(Payment payment, CaptureCall call, ProviderResult answer, DateTimeOffset now)
    {
        var attempt = payment.FindAttempt(Kind, call.Attempt)!;
        if (attempt.State != AttemptState.Started)
            return;

        switch (answer)
        {
            case ProviderResult.Succeeded succeeded:
                attempt.End(AttemptState.Succeeded, now, succeeded.Id);
                payment.HoldCapture(succeeded.Id!, now);
                TellCaptured(payment, attempt);
                break;
            case ProviderResult.Declined declined:
                Fail(payment, attempt, AttemptState.Failed, declined.Reason, now);
                break;
            case ProviderResult.Refused refused:
                Fail(payment, attempt, AttemptState.Failed, refused.Reason, now);
                break;
            case ProviderResult.Unreachable unreachable:
                Fail(payment, attempt, AttemptState.Unknown, unreachable.Reason, now);
                break;
        }
    }

    private static CaptureCall Call(Payment payment, PaymentAttempt attempt) =>
        new(attempt.Number, attempt.IdempotencyKey, payment.AuthorizationId!, payment.Authorized!);

    private static void Fail(Payment payment, PaymentAttempt attempt, AttemptState state, string reason, DateTimeOffset now)
    {
        attempt.End(state, now, reason: reason);
        payment.TellFailed(Kind, attempt.Number, reason, now);
    }

    private static void TellCaptured(Payment payment, PaymentAttempt attempt) => payment.Tell(new PaymentCaptured
    {
        OrderId = payment.OrderId,
        Amount = payment.Authorized!,
        CaptureId = attempt.ProviderReference!,
        CapturedAt = attempt.EndedAt!.Value,
    });
}
