using MassTransit;
using Messaging;

namespace Payments.Operations;

/// <summary>
/// The endpoint of a consumer that calls the provider: no transaction around it, because none may be open during the call.
/// The attempt's unique key does the inbox's work, and <see cref="PaymentStore" /> commits through the bus outbox.
/// </summary>
internal abstract class ProviderCallingConsumerDefinition<TConsumer> : ConsumerDefinition<TConsumer>, IAdjustEndpoint
    where TConsumer : class, IConsumer
{
    public void Adjust(EndpointConventions endpoint) => endpoint.UseOutbox = false;
}
