using Contracts;
using Contracts.Payments;
using Payments.Operations;

namespace Payments.Reversal;

/// <summary>What is to be given back, and what the provider's answer means. Pure: given a payment, when told, then.</summary>
public static class ReversalRules
{
    private const PaymentOperation Kind = PaymentOperation.Reversal;

    /// <summary>
    /// Begins or repeats an attempt. From here on the payment is closed: no authorization or capture begins any more, and the
    /// ones under way lose their say to this reversal, which finds out at the provider what became of them.
    /// </summary>
    /// <returns>What to ask the provider for; null when there is nothing to ask.</returns>
    public static ReversalCall? Begin(Payment payment, ReversePayment command, DateTimeOffset now)
    {
        payment.BelongsTo(command.CustomerId);

        if (payment.FindAttempt(Kind, command.Attempt) is { } known)
            return known.State == AttemptState.Started ? Call(payment, known) : null;

        var repeated = payment.Supersede(Kind, now);
        var attempt = payment.Start(Kind, command.Attempt, repeated?.IdempotencyKey ?? $"reverse-{command.OrderId}-{command.Attempt}", payment.Authorized, now);

        if (payment.IsReversed)
        {
            attempt.End(AttemptState.Succeeded, now);
            TellReversed(payment, attempt.Number);
            return null;
        }

        payment.MoveTo(PaymentStatus.Reversing, now);
        payment.Supersede(PaymentOperation.Authorization, now);
        payment.Supersede(PaymentOperation.Capture, now);

        var call = Call(payment, attempt);
        if (call.AuthorizationId is not null || call.UncertainAuthorizations.Count > 0)
            return call;

        End(payment, call, new ReversalAnswer.Done(ReversalOutcome.NothingHeld), now);
        return null;
    }

    /// <summary>Takes the provider's answer in, unless somebody else has answered for the attempt meanwhile.</summary>
    public static void End(Payment payment, ReversalCall call, ReversalAnswer answer, DateTimeOffset now)
    {
        var attempt = payment.FindAttempt(Kind, call.Attempt)!;
        if (attempt.State != AttemptState.Started)
            return;

        switch (answer)
        {
            case ReversalAnswer.Failed failed:
                attempt.End(failed.IsUncertain ? AttemptState.Unknown : AttemptState.Failed, now, reason: failed.Reason);
                payment.TellFailed(Kind, attempt.Number, failed.Reason, now);
                break;
            case ReversalAnswer.Done done:
                attempt.End(AttemptState.Succeeded, now);
                SettleSuperseded(payment, call, done, now);
                payment.MoveTo(StatusAfter(done.Outcome), now);
                TellReversed(payment, attempt.Number);
                break;
        }
    }

    private static ReversalCall Call(Payment payment, PaymentAttempt attempt) => new(
        attempt.Number,
        attempt.IdempotencyKey,
        payment.AuthorizationId,
        payment.CaptureId,
        payment.Authorized,
        payment.SupersededKeys(PaymentOperation.Authorization),
        payment.SupersededKeys(PaymentOperation.Capture));

    private static void SettleSuperseded(Payment payment, ReversalCall call, ReversalAnswer.Done done, DateTimeOffset now)
    {
        // The order's amount is what its one authorization reserved, also when we learn of it only now.
        var cancelled = payment.Attempts.FirstOrDefault(attempt => attempt.IdempotencyKey == done.CancelledKey);
        if (cancelled is not null)
            payment.NoteAmount(new Money(cancelled.Amount!.Value, cancelled.Currency!));

        if (done.CaptureId is not null && payment.CaptureId is null)
        {
            payment.HoldCapture(done.CaptureId, now);
            payment.Attempts
                .Where(attempt => attempt is { Kind: PaymentOperation.Capture, State: AttemptState.Superseded })
                .MaxBy(attempt => attempt.Number)!
                .End(AttemptState.Succeeded, now, done.CaptureId);
        }

        if (done.Outcome == ReversalOutcome.Refunded)
            payment.NoteRefund(now);

        foreach (var attempt in payment.Attempts.Where(attempt => attempt is { State: AttemptState.Superseded, Kind: not Kind }))
            attempt.End(AttemptState.Cancelled, now);
    }

    private static PaymentStatus StatusAfter(ReversalOutcome outcome) => outcome switch
    {
        ReversalOutcome.Voided => PaymentStatus.Voided,
        ReversalOutcome.Refunded => PaymentStatus.Refunded,
        _ => PaymentStatus.Cancelled,
    };

    private static void TellReversed(Payment payment, int attempt) => payment.Tell(new PaymentReversed
    {
        OrderId = payment.OrderId,
        Attempt = attempt,
        Outcome = payment.Status switch
        {
            PaymentStatus.Voided => ReversalOutcome.Voided,
            PaymentStatus.Refunded => ReversalOutcome.Refunded,
            _ => ReversalOutcome.NothingHeld,
        },
        Amount = payment.Authorized,
        ReversedAt = payment.ChangedAt,
    });
}
