using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using MassTransit.Transports;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>
/// The context a consumer sees inside its transaction: everything it sends, publishes, responds or schedules is kept until the commit.
/// The core recognises it where a fault or a request must bypass the outbox.
/// </summary>
sealed class OutboxConsumeContext<TMessage> : OutboxConsumeContextProxy<TMessage>, IMessageCapture, IOutboxTransaction
    where TMessage : class
{
    readonly Lock _lock = new();
    readonly List<OutgoingMessage> _messages = [];
    readonly TimeProvider _time;
    bool _closed;

    public OutboxConsumeContext(ConsumeContext<TMessage> context, OutboxConsumeOptions options, IServiceProvider provider, DbContext dbContext, TimeProvider time)
        : base(context, options, provider)
    {
        _time = time;
        DbContext = dbContext;
        var receiveContext = new CapturingReceiveContext(this, context.ReceiveContext);
        ReceiveContext = receiveContext;
        PublishEndpointProvider = receiveContext.PublishEndpointProvider;
    }

    public DbContext DbContext { get; }

    /// <summary>Ends the capture and returns what was captured, in order.</summary>
    public IReadOnlyList<OutgoingMessage> Close()
    {
        lock (_lock)
        {
            _closed = true;
            return _messages;
        }
    }

    public Task Add<T>(SendContext<T> context, ITransportSendEndpoint endpoint, bool published)
        where T : class
    {
        var message = OutgoingMessage.Capture(context, endpoint, published, _time.GetUtcNow().UtcDateTime);
        lock (_lock)
        {
            if (_closed)
            {
                throw new InvalidOperationException(
                    $"{TypeCache<T>.ShortName} was sent after the consumer of {TypeCache<TMessage>.ShortName} had finished, when its transaction was already closed: await every send inside the consumer.");
            }

            _messages.Add(message);
        }

        return Task.CompletedTask;
    }

    public int MessageCount
    {
        get
        {
            lock (_lock)
                return _messages.Count;
        }
    }

    public void ForgetMessagesAfter(int count)
    {
        lock (_lock)
            _messages.RemoveRange(count, _messages.Count - count);
    }

    // The rest is the protocol of the core's own outbox filter, which this outbox does not use.
    public override bool ContinueProcessing { get; set; }
    public override bool IsMessageConsumed => false;
    public override bool IsOutboxDelivered => false;
    public override int ReceiveCount => 1;
    public override long? LastSequenceNumber => null;

    public override Task SetConsumed() => Task.CompletedTask;

    public override Task SetDelivered() => Task.CompletedTask;

    public override Task<List<OutboxMessageContext>> LoadOutboxMessages() => Task.FromResult<List<OutboxMessageContext>>([]);

    public override Task NotifyOutboxMessageDelivered(OutboxMessageContext message) => Task.CompletedTask;

    public override Task RemoveOutboxMessages() => Task.CompletedTask;

    public override Task AddSend<T>(SendContext<T> context)
    {
        throw new NotSupportedException("Messages reach this outbox through its own endpoints.");
    }
}
