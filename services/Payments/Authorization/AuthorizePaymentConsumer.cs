using Contracts.Payments;
using MassTransit;
using Payments.Operations;
using Payments.Provider;

namespace Payments.Authorization;

/// <summary>Reserves an order's total on the customer's card.</summary>
public sealed class AuthorizePaymentConsumer(PaymentStore payments, PaymentProvider provider) : IConsumer<AuthorizePayment>
{
    public async Task Consume(ConsumeContext<AuthorizePayment> context)
    {
        var command = context.Message;
        var call = await payments.ChangeAsync(context, command.OrderId, (payment, now) => AuthorizationRules.Begin(payment, command, now));
        if (call is null)
            return;

        var answer = await AskAsync(call, context.CancellationToken);
        await payments.ChangeAsync(context, command.OrderId, (payment, now) => AuthorizationRules.End(payment, call, answer, now));
    }

    private async Task<ProviderResult> AskAsync(AuthorizationCall call, CancellationToken cancellationToken)
    {
        foreach (var key in call.KeysToCancel)
        {
            // The earlier attempt stays uncertain until this succeeds, and nothing new is reserved before.
            var cancelled = await provider.CancelAuthorizationAsync(key, cancellationToken);
            if (cancelled is not ProviderResult.Succeeded)
                return new ProviderResult.Unreachable("earlier_attempt_not_cancelled");
        }

        return await provider.AuthorizeAsync(call, cancellationToken);
    }
}

internal sealed class AuthorizePaymentConsumerDefinition : ProviderCallingConsumerDefinition<AuthorizePaymentConsumer>
{
    public AuthorizePaymentConsumerDefinition() => EndpointName = "authorize-payment";
}
