using MassTransit;

namespace Messaging;

internal static class MandatorySend
{
    /// <summary>
    /// A message that reaches no queue comes back as an error instead of vanishing. (A routed exchange has an alternate one
    /// behind it, so this concerns what no route knows.)
    /// </summary>
    public static void UseMandatorySends(this IRabbitMqBusFactoryConfigurator bus)
    {
        bus.ConfigureSend(pipe => pipe.UseExecute(SetMandatory));
        bus.ConfigurePublish(pipe => pipe.UseExecute(SetMandatory));
    }

    private static void SetMandatory(SendContext context)
    {
        if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
            rabbit.Mandatory = true;
    }
}
