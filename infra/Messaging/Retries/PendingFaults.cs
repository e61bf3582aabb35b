using MassTransit;
using MassTransit.Context;

namespace Messaging;

/// <summary>Holds back that a consumer failed as long as the message will be tried again: it is not a fault yet.</summary>
internal sealed class PendingFaults<T>(ConsumeContext<T> context, Func<Exception, bool> willRetry) : ConsumeContextScope<T>(context)
    where T : class
{
    private readonly ConsumeContext<T> _context = context;
    private readonly List<Func<Task>> _pending = [];

    public override Task NotifyFaulted<TMessage>(ConsumeContext<TMessage> faulted, TimeSpan duration, string consumerType, Exception exception)
    {
        if (!willRetry(exception))
            return _context.NotifyFaulted(faulted, duration, consumerType, exception);

        lock (_pending)
            _pending.Add(() => _context.NotifyFaulted(faulted, duration, consumerType, exception));
        return Task.CompletedTask;
    }

    /// <summary>It is a fault after all.</summary>
    public async Task NotifyAsync()
    {
        foreach (var notify in _pending)
            await notify();
    }
}
