using MassTransit.DependencyInjection;

namespace MassTransit.EntityFrameworkCoreIntegration.Bus;

/// <summary>
/// What <see cref="IPublishEndpoint" /> and <see cref="ISendEndpointProvider" /> are in a scope of a bus without the bus outbox: MassTransit's
/// own, except that inside a consumer they follow the outbox.
/// </summary>
sealed class ConsumerOutboxContextProvider<TBus>(TBus bus, Bind<TBus, IClientFactory> clientFactory,
    Bind<TBus, IScopedConsumeContextProvider> busConsumeContext, IScopedConsumeContextProvider consumeContext, IServiceProvider provider) :
    IScopedBusContextProvider<TBus>
    where TBus : class, IBus
{
    public ScopedBusContext Context { get; } = busConsumeContext.Value.HasContext
        ? CurrentConsumeContext.Of(busConsumeContext.Value, clientFactory.Value)
        : new ScopedBusContextProvider<TBus>(bus, clientFactory, busConsumeContext, consumeContext, provider).Context;
}
