using MassTransit.Clients;
using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using MassTransit.Transports;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace MassTransit.EntityFrameworkCoreIntegration.Bus;

/// <summary>
/// What <see cref="IPublishEndpoint" /> and <see cref="ISendEndpointProvider" /> are in a scope: inside a consumer of this bus, the
/// consumer's own; elsewhere, the bus outbox of the scope's DbContext.
/// </summary>
sealed class BusOutboxContextProvider<TDbContext, TBus> : IScopedBusContextProvider<TBus>, IMessageCapture, IDisposable
    where TDbContext : DbContext
    where TBus : class, IBus
{
    readonly TransactionalOutbox _outbox;
    readonly IServiceProvider _provider;
    readonly Lock _lock = new();
    DbContext? _context;

    public BusOutboxContextProvider(TBus bus, Bind<TBus, IClientFactory> clientFactory,
        Bind<TBus, IScopedConsumeContextProvider> busConsumeContext, IScopedConsumeContextProvider consumeContext, IServiceProvider provider)
    {
        _provider = provider;
        _outbox = OutboxRegistration.Of<TDbContext, TBus>(provider);

        if (busConsumeContext.Value.HasContext)
            Context = CurrentConsumeContext.Of(busConsumeContext.Value, clientFactory.Value);
        else
            Context = new BusOutboxContext<TBus>(bus, this, clientFactory.Value, consumeContext.HasContext ? consumeContext.GetContext() : null, provider);
    }

    public ScopedBusContext Context { get; }

    public Task Add<T>(SendContext<T> context, ITransportSendEndpoint endpoint, bool published)
        where T : class
    {
        var message = OutgoingMessage.Capture(context, endpoint, published, _outbox.Time.GetUtcNow().UtcDateTime);
        // A DbContext sets itself up when it is first used, and must not be used meanwhile.
        lock (_lock)
            ScopeMessages.Of(_context ??= Resolve()).Add(_outbox, message);
        return Task.CompletedTask;
    }

    public object? GetService(Type serviceType) => _provider.GetService(serviceType);

    public void Dispose()
    {
        if (_context is not null)
            ScopeMessages.Release(_context, _outbox.Logger);
    }

    DbContext Resolve()
    {
        var context = OutboxDatabase.Resolve(_provider, typeof(TDbContext));
        var interceptors = context.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>()?.Interceptors;
        if (interceptors is null || !interceptors.OfType<ICommitInterceptor>().Any())
        {
            throw new ConfigurationException(
                $"The bus outbox cannot follow the transactions of {typeof(TDbContext).Name}: register it with AddDbContext, AddDbContextPool or AddDbContextFactory, which apply the outbox's interceptor.");
        }

        _ = Model.OutboxTables.Of(context);
        return context;
    }
}

sealed class BusOutboxContext<TBus>(TBus bus, IMessageCapture capture, IClientFactory clientFactory, ConsumeContext? consumeContext, IServiceProvider provider) :
    ScopedBusContext
    where TBus : class, IBus
{
    public ISendEndpointProvider SendEndpointProvider { get; } = consumeContext is null
        ? new CapturingSendEndpointProvider(capture, bus)
        : new ConsumeContextSendEndpointProvider(new CapturingSendEndpointProvider(capture, bus), consumeContext);

    public IPublishEndpoint PublishEndpoint { get; } = new PublishEndpoint(consumeContext is null
        ? new CapturingPublishEndpointProvider(capture, bus)
        : new ConsumeContextPublishEndpointProvider(new CapturingPublishEndpointProvider(capture, bus), consumeContext));

    // A request is answered only if it is sent at once, so it bypasses the outbox.
    public IScopedClientFactory ClientFactory { get; } = new BusScopedBusContext<TBus>(bus, clientFactory, provider).ClientFactory;
}

/// <summary>Inside a consumer of another bus, messages take over the consumed message's conversation.</summary>
sealed class ConsumeContextSendEndpointProvider(ISendEndpointProvider provider, ConsumeContext context) : ISendEndpointProvider
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => provider.ConnectSendObserver(observer);

    public async Task<ISendEndpoint> GetSendEndpoint(Uri address)
    {
        return new ConsumeSendEndpoint(await provider.GetSendEndpoint(address).ConfigureAwait(false), context);
    }
}

/// <summary>Inside a consumer of another bus, messages take over the consumed message's conversation.</summary>
sealed class ConsumeContextPublishEndpointProvider(IPublishEndpointProvider provider, ConsumeContext context) : IPublishEndpointProvider
{
    public ConnectHandle ConnectPublishObserver(IPublishObserver observer) => provider.ConnectPublishObserver(observer);

    public async Task<ISendEndpoint> GetPublishSendEndpoint<T>()
        where T : class
    {
        return new ConsumeSendEndpoint(await provider.GetPublishSendEndpoint<T>().ConfigureAwait(false), context);
    }
}
