using MassTransit;

namespace Messaging;

/// <summary>Counts the retries in place.</summary>
internal sealed class ImmediateRetryCounter(string endpoint, MessagingMetrics metrics) : IRetryObserver
{
    public Task PostFault<T>(RetryContext<T> context)
        where T : class, PipeContext
    {
        metrics.ImmediateRetry(endpoint, context.Exception);
        return Task.CompletedTask;
    }

    public Task PostCreate<T>(RetryPolicyContext<T> context)
        where T : class, PipeContext => Task.CompletedTask;

    public Task PreRetry<T>(RetryContext<T> context)
        where T : class, PipeContext => Task.CompletedTask;

    public Task RetryFault<T>(RetryContext<T> context)
        where T : class, PipeContext => Task.CompletedTask;

    public Task RetryComplete<T>(RetryContext<T> context)
        where T : class, PipeContext => Task.CompletedTask;
}
