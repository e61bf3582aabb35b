using Contracts.Payments;
using MassTransit;
using Payments.Operations;

namespace Payments.Reversal;

/// <summary>Gives back whatever is held for an order, and sees to it that nothing will be held any more.</summary>
public sealed class ReversePaymentConsumer(PaymentStore payments, ProviderReversal reversal) : IConsumer<ReversePayment>
{
    public async Task Consume(ConsumeContext<ReversePayment> context)
    {
        var command = context.Message;
        var call = await payments.ChangeAsync(context, command.OrderId, (payment, now) => ReversalRules.Begin(payment, command, now));
        if (call is null)
            return;

        var answer = await reversal.ReverseAsync(call, context.CancellationToken);
        await payments.ChangeAsync(context, command.OrderId, (payment, now) => ReversalRules.End(payment, call, answer, now));
    }
}

internal sealed class ReversePaymentConsumerDefinition : ProviderCallingConsumerDefinition<ReversePaymentConsumer>
{
    public ReversePaymentConsumerDefinition() => EndpointName = "reverse-payment";
}
