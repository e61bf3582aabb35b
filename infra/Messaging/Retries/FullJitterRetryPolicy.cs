using MassTransit;
using MassTransit.RetryPolicies;

namespace Messaging;

/// <summary><see cref="Backoff" /> as a retry policy of MassTransit, whose own exponential policy draws its waits once for all messages.</summary>
internal sealed class FullJitterRetryPolicy(IExceptionFilter filter, Backoff backoff) : IRetryPolicy
{
    public RetryPolicyContext<T> CreatePolicyContext<T>(T context)
        where T : class, PipeContext => new FirstAttempt<T>(this, context);

    public bool IsHandled(Exception exception) => backoff.Limit > 0 && filter.Match(exception);

    public void Probe(ProbeContext context) =>
        context.Set(new { Policy = "FullJitter", backoff.Limit, backoff.First, backoff.Longest });

    private sealed class FirstAttempt<T>(FullJitterRetryPolicy policy, T context) : BaseRetryPolicyContext<T>(policy, context)
        where T : class, PipeContext
    {
        protected override RetryContext<T> CreateRetryContext(Exception exception, CancellationToken cancellationToken) =>
            new Retry<T>(policy, Context, exception, retryCount: 0, cancellationToken);
    }

    private sealed class Retry<T>(FullJitterRetryPolicy policy, T context, Exception exception, int retryCount, CancellationToken cancellationToken)
        : BaseRetryContext<T>(context, exception, retryCount, cancellationToken), RetryContext<T>
        where T : class, PipeContext
    {
        // Drawn once: the wait that is logged is the wait that is waited.
        private readonly TimeSpan _delay = policy.Wait(retryCount + 1);

        public override TimeSpan? Delay => _delay;

        public bool CanRetry(Exception exception, out RetryContext<T> retryContext)
        {
            retryContext = new Retry<T>(policy, Context, exception, RetryCount + 1, CancellationToken);
            return policy.MayRetry(RetryAttempt) && policy.IsHandled(exception);
        }
    }

    private TimeSpan Wait(int retry) => backoff.Next(retry);

    private bool MayRetry(int attempts) => attempts < backoff.Limit;
}
