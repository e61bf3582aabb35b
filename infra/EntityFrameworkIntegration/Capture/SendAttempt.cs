using System.Runtime.ExceptionServices;

namespace MassTransit.EntityFrameworkCoreIntegration.Capture;

/// <summary>
/// One attempt to send a message. A transport repeats a send that failed by itself, for as long as it may and with pauses that grow; the
/// outbox has the row to fall back on, knows what to do sooner, and wants to keep the reason. So the first fault ends the attempt.
/// </summary>
sealed class SendAttempt : IDisposable
{
    readonly CancellationTokenSource _timeout;
    readonly CancellationTokenSource _ended;
    Exception? _fault;

    public SendAttempt(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        _timeout = new CancellationTokenSource(timeout, time);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, cancellationToken);
        // Kept, since a transport may tell of a fault long after the attempt has ended.
        Ended = _ended.Token;
    }

    public CancellationToken Ended { get; }

    public void Fail(Exception exception)
    {
        if (Interlocked.CompareExchange(ref _fault, exception, null) is not null)
            return;

        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public void ThrowFault()
    {
        if (Volatile.Read(ref _fault) is { } fault)
            ExceptionDispatchInfo.Throw(fault);
    }

    public void Dispose()
    {
        _ended.Dispose();
        _timeout.Dispose();
    }
}

/// <summary>Hears from the transport that a send has failed.</summary>
sealed class SendFaultObserver : ISendObserver, IPublishObserver
{
    public static readonly SendFaultObserver Instance = new();

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class
    {
        return Fault(context, exception);
    }

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class
    {
        return Fault(context, exception);
    }

    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    static Task Fault(PipeContext context, Exception exception)
    {
        if (context.TryGetPayload<SendAttempt>(out var attempt))
            attempt.Fail(exception);
        return Task.CompletedTask;
    }
}
