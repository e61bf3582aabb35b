using MassTransit.Clients;
using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration.Consume;
using MassTransit.Transports;

namespace MassTransit.EntityFrameworkCoreIntegration.Bus;

/// <summary>
/// What a scope's endpoints are when something asks for them before the outbox's filter has begun, a scoped filter for instance: a scope
/// makes them once, and the consumer gets the same ones. So each message goes to the context of the moment it is sent in, which inside the
/// consumer is the outbox's.
/// </summary>
sealed class CurrentConsumeContext(IScopedConsumeContextProvider current, IClientFactory clientFactory) : ScopedBusContext, ISendEndpointProvider, IPublishEndpoint
{
    /// <summary>The consumer's own context if the outbox's filter has begun, else one that follows it.</summary>
    public static ScopedBusContext Of(IScopedConsumeContextProvider current, IClientFactory clientFactory)
    {
        var context = current.GetContext();
        return context.TryGetPayload<IOutboxTransaction>(out _)
            ? new ConsumeContextScopedBusContext(context, clientFactory)
            : new CurrentConsumeContext(current, clientFactory);
    }

    public ISendEndpointProvider SendEndpointProvider => this;

    public IPublishEndpoint PublishEndpoint => this;

    public IScopedClientFactory ClientFactory { get; } = new ScopedClientFactory(clientFactory, current.GetContext());

    ConsumeContext Context => current.GetContext();

    public ConnectHandle ConnectSendObserver(ISendObserver observer) => Context.ConnectSendObserver(observer);

    public ConnectHandle ConnectPublishObserver(IPublishObserver observer) => Context.ConnectPublishObserver(observer);

    public Task<ISendEndpoint> GetSendEndpoint(Uri address) => Context.GetSendEndpoint(address);

    public Task Publish<T>(T message, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish(message, cancellationToken);
    }

    public Task Publish<T>(T message, IPipe<PublishContext<T>> publishPipe, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish(message, publishPipe, cancellationToken);
    }

    public Task Publish<T>(T message, IPipe<PublishContext> publishPipe, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish(message, publishPipe, cancellationToken);
    }

    public Task Publish(object message, CancellationToken cancellationToken = default) => Context.Publish(message, cancellationToken);

    public Task Publish(object message, IPipe<PublishContext> publishPipe, CancellationToken cancellationToken = default)
    {
        return Context.Publish(message, publishPipe, cancellationToken);
    }

    public Task Publish(object message, Type messageType, CancellationToken cancellationToken = default)
    {
        return Context.Publish(message, messageType, cancellationToken);
    }

    public Task Publish(object message, Type messageType, IPipe<PublishContext> publishPipe, CancellationToken cancellationToken = default)
    {
        return Context.Publish(message, messageType, publishPipe, cancellationToken);
    }

    public Task Publish<T>(object values, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish<T>(values, cancellationToken);
    }

    public Task Publish<T>(object values, IPipe<PublishContext<T>> publishPipe, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish(values, publishPipe, cancellationToken);
    }

    public Task Publish<T>(object values, IPipe<PublishContext> publishPipe, CancellationToken cancellationToken = default)
        where T : class
    {
        return Context.Publish<T>(values, publishPipe, cancellationToken);
    }
}
