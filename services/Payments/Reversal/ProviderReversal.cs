using Contracts.Payments;
using Payments.Provider;

namespace Payments.Reversal;

/// <summary>
/// Gives back whatever the provider holds. Every step may be repeated: they are void, refund and cancel under keys that stay
/// the same, and the provider's own rules decide a race with a capture that is still under way.
/// </summary>
public sealed class ProviderReversal(PaymentProvider provider)
{
    private const string AlreadyCaptured = "already_captured";
    private const string AlreadyVoided = "already_voided";

    public async Task<ReversalAnswer> ReverseAsync(ReversalCall call, CancellationToken cancellationToken)
    {
        string? cancelledKey = null;
        foreach (var key in call.UncertainAuthorizations)
        {
            var cancelled = await provider.CancelAuthorizationAsync(key, cancellationToken);
            if (cancelled is not ProviderResult.Succeeded succeeded)
                return NotDone(cancelled);
            if (succeeded.Id is not null)
                cancelledKey = key;
        }

        if (call.CaptureId is not null)
            return await RefundAsync(call, call.CaptureId, cancellationToken);
        if (call.AuthorizationId is not null)
            return await VoidOrRefundAsync(call, call.AuthorizationId, cancellationToken);
        return new ReversalAnswer.Done(cancelledKey is null ? ReversalOutcome.NothingHeld : ReversalOutcome.Voided, cancelledKey);
    }

    private async Task<ReversalAnswer> VoidOrRefundAsync(ReversalCall call, string authorizationId, CancellationToken cancellationToken)
    {
        var voided = await provider.VoidAsync($"{call.IdempotencyKey}-void", authorizationId, cancellationToken);
        switch (voided)
        {
            case ProviderResult.Succeeded or ProviderResult.Refused { Reason: AlreadyVoided }:
                return new ReversalAnswer.Done(ReversalOutcome.Voided);
            case ProviderResult.Refused { Reason: AlreadyCaptured }:
                // A capture was under way and was faster. It is refused from now on if it was not this one.
                foreach (var key in call.UncertainCaptures)
                {
                    var found = await provider.FindAsync(key, cancellationToken);
                    if (found is ProviderResult.Succeeded { Id: { } captureId })
                        return await RefundAsync(call, captureId, cancellationToken);
                    if (found is ProviderResult.Unreachable)
                        return NotDone(found);
                }

                return NotDone(voided);
            default:
                return NotDone(voided);
        }
    }

    private async Task<ReversalAnswer> RefundAsync(ReversalCall call, string captureId, CancellationToken cancellationToken)
    {
        var refunded = await provider.RefundAsync($"{call.IdempotencyKey}-refund", captureId, call.Amount!, cancellationToken);
        return refunded is ProviderResult.Succeeded
            ? new ReversalAnswer.Done(ReversalOutcome.Refunded, CaptureId: captureId)
            : NotDone(refunded);
    }

    private static ReversalAnswer.Failed NotDone(ProviderResult result) => result switch
    {
        ProviderResult.Declined declined => new ReversalAnswer.Failed(declined.Reason, IsUncertain: false),
        ProviderResult.Refused refused => new ReversalAnswer.Failed(refused.Reason, IsUncertain: false),
        ProviderResult.Unreachable unreachable => new ReversalAnswer.Failed(unreachable.Reason, IsUncertain: true),
        _ => throw new ArgumentException($"{result} is a success.", nameof(result)),
    };
}
