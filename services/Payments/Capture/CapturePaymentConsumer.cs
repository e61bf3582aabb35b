using Contracts.Payments;
using MassTransit;
using Payments.Operations;
using Payments.Provider;

namespace Payments.Capture;

/// <summary>Collects what was authorized.</summary>
public sealed class CapturePaymentConsumer(PaymentStore payments, PaymentProvider provider) : IConsumer<CapturePayment>
{
    public async Task Consume(ConsumeContext<CapturePayment> context)
    {
        var command = context.Message;
        var call = await payments.ChangeAsync(context, command.OrderId, (payment, now) => CaptureRules.Begin(payment, command, now));
        if (call is null)
            return;

        var answer = await provider.CaptureAsync(call.IdempotencyKey, call.AuthorizationId, call.Amount, context.CancellationToken);
        await payments.ChangeAsync(context, command.OrderId, (payment, now) => CaptureRules.End(payment, call, answer, now));
    }
}

internal sealed class CapturePaymentConsumerDefinition : ProviderCallingConsumerDefinition<CapturePaymentConsumer>
{
    public CapturePaymentConsumerDefinition() => EndpointName = "capture-payment";
}
