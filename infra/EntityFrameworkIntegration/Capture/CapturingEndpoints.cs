using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using MassTransit.Transports;

namespace MassTransit.EntityFrameworkCoreIntegration.Capture;

/// <summary>Takes the messages that pass through captured endpoints.</summary>
interface IMessageCapture : IServiceProvider
{
    Task Add<T>(SendContext<T> context, ITransportSendEndpoint endpoint, bool published)
        where T : class;
}

/// <summary>Tells the core's outbox endpoint which transport endpoint a message came through, which its own protocol leaves out.</summary>
sealed class EndpointCapture(IMessageCapture capture, ITransportSendEndpoint endpoint, bool published) : OutboxSendContext
{
    public Task AddSend<T>(SendContext<T> context)
        where T : class
    {
        return capture.Add(context, endpoint, published);
    }

    public object? GetService(Type serviceType) => capture.GetService(serviceType);

    /// <summary>
    /// Wraps an endpoint so that what is sent through it is captured. The result is the core's own type, since the core
    /// recognises it where a message must bypass the outbox (requests and faults).
    /// </summary>
    public static ISendEndpoint Wrap(IMessageCapture capture, ISendEndpoint endpoint, bool published)
    {
        if (endpoint is not ITransportSendEndpoint transport)
            throw new InvalidOperationException($"The outbox cannot capture messages of the endpoint type {endpoint.GetType()}: it is not a transport endpoint.");

        return new OutboxSendEndpoint(new EndpointCapture(capture, transport, published), transport);
    }
}

sealed class CapturingSendEndpointProvider(IMessageCapture capture, ISendEndpointProvider provider) : ISendEndpointProvider
{
    public ConnectHandle ConnectSendObserver(ISendObserver observer) => provider.ConnectSendObserver(observer);

    public async Task<ISendEndpoint> GetSendEndpoint(Uri address)
    {
        var endpoint = await provider.GetSendEndpoint(address).ConfigureAwait(false);
        return EndpointCapture.Wrap(capture, endpoint, published: false);
    }
}

sealed class CapturingPublishEndpointProvider(IMessageCapture capture, IPublishEndpointProvider provider) : IPublishEndpointProvider
{
    public ConnectHandle ConnectPublishObserver(IPublishObserver observer) => provider.ConnectPublishObserver(observer);

    public async Task<ISendEndpoint> GetPublishSendEndpoint<T>()
        where T : class
    {
        var endpoint = await provider.GetPublishSendEndpoint<T>().ConfigureAwait(false);
        return EndpointCapture.Wrap(capture, endpoint, published: true);
    }
}

sealed class CapturingReceiveContext(IMessageCapture capture, ReceiveContext context) : ReceiveContextProxy(context)
{
    public override IPublishEndpointProvider PublishEndpointProvider { get; } =
        new CapturingPublishEndpointProvider(capture, context.PublishEndpointProvider);

    public override ISendEndpointProvider SendEndpointProvider { get; } =
        new CapturingSendEndpointProvider(capture, context.SendEndpointProvider);
}
