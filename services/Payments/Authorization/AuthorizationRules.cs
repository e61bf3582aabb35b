using Contracts;
using Contracts.Payments;
using Payments.Operations;
using Payments.Provider;

namespace Payments.Authorization;

/// <summary>What may be authorized, and what the provider's answer means. Pure: given a payment, when told, then.</summary>
public static class AuthorizationRules
{
    private const PaymentOperation Kind = PaymentOperation.Authorization;

    /// <summary>Begins or repeats an attempt.</summary>
    /// <returns>What to ask the provider for; null when there is nothing to ask.</returns>
    public static AuthorizationCall? Begin(Payment payment, AuthorizePayment command, DateTimeOffset now)
    {
        payment.BelongsTo(command.CustomerId);

        if (payment.FindAttempt(Kind, command.Attempt) is { } known)
            return known.State == AttemptState.Started ? Call(payment, known) : null;

        if (payment.IsClosed)
        {
            payment.Start(Kind, command.Attempt, Key(command), command.Amount, now, command.PaymentMethod)
                .End(AttemptState.Failed, now, reason: FailureReasons.Reversed);
            payment.TellFailed(Kind, command.Attempt, FailureReasons.Reversed, now);
            return null;
        }

        if (payment.FindSucceeded(Kind) is { } succeeded)
        {
            TellAuthorized(payment, succeeded);
            return null;
        }

        // The customer has decided anew since, and only the newest decision counts.
        if (payment.Attempts.Any(attempt => attempt.Kind == Kind && attempt.Number > command.Attempt))
            return null;

        payment.Supersede(Kind, now);
        return Call(payment, payment.Start(Kind, command.Attempt, Key(command), command.Amount, now, command.PaymentMethod));
    }

    /// <summary>Takes the provider's answer in, unless somebody else has answered for the attempt meanwhile.</summary>
    public static void End(Payment payment, AuthorizationCall call, ProviderResult answer, DateTimeOffset now)
    {
        var attempt = payment.FindAttempt(Kind, call.Attempt)!;
        if (attempt.State != AttemptState.Started)
            return;

        if (answer is not ProviderResult.Unreachable)
            CancelSuperseded(payment, call, now);

        switch (answer)
        {
            case ProviderResult.Succeeded succeeded:
                attempt.End(AttemptState.Succeeded, now, succeeded.Id);
                payment.HoldAuthorization(succeeded.Id!, call.Amount, now);
                TellAuthorized(payment, attempt);
                break;
            case ProviderResult.Declined declined:
                attempt.End(AttemptState.Declined, now, reason: declined.Reason);
                payment.Tell(new PaymentDeclined { OrderId = payment.OrderId, Attempt = attempt.Number, Reason = declined.Reason, DeclinedAt = now });
                break;
            case ProviderResult.Refused refused:
                attempt.End(AttemptState.Failed, now, reason: refused.Reason);
                payment.TellFailed(Kind, attempt.Number, refused.Reason, now);
                break;
            case ProviderResult.Unreachable unreachable:
                attempt.End(AttemptState.Unknown, now, reason: unreachable.Reason);
                payment.TellFailed(Kind, attempt.Number, unreachable.Reason, now);
                break;
        }
    }

    private static string Key(AuthorizePayment command) => $"authorize-{command.OrderId}-{command.Attempt}";

    private static AuthorizationCall Call(Payment payment, PaymentAttempt attempt) => new(
        payment.OrderId,
        attempt.Number,
        attempt.IdempotencyKey,
        new Money(attempt.Amount!.Value, attempt.Currency!),
        attempt.PaymentMethod!,
        payment.SupersededKeys(Kind));

    private static void CancelSuperseded(Payment payment, AuthorizationCall call, DateTimeOffset now)
    {
        foreach (var attempt in payment.Attempts.Where(attempt => attempt.Kind == Kind && call.KeysToCancel.Contains(attempt.IdempotencyKey)))
            attempt.End(AttemptState.Cancelled, now);
    }

    private static void TellAuthorized(Payment payment, PaymentAttempt attempt) => payment.Tell(new PaymentAuthorized
    {
        OrderId = payment.OrderId,
        Attempt = attempt.Number,
        Amount = payment.Authorized!,
        AuthorizationId = attempt.ProviderReference!,
        AuthorizedAt = attempt.EndedAt!.Value,
    });
}
