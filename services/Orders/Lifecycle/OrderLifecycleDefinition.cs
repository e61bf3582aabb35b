using MassTransit;
using Messaging;

namespace Orders.Lifecycle;

/// <summary>The endpoint of the state machine.</summary>
internal sealed class OrderLifecycleDefinition : SagaDefinition<OrderState>, IAdjustEndpoint
{
    private const ushort MessagesAtATime = 64;

    public OrderLifecycleDefinition() => EndpointName = "order-lifecycle";

    // Each message takes a few milliseconds and waits for the database, not for a processor.
    public void Adjust(EndpointConventions endpoint) => endpoint.PrefetchCount = MessagesAtATime;
}
