using MassTransit;

namespace Messaging;

/// <summary>Stands around the retries in place: what they could not heal goes to a wait queue as long as there is a level left.</summary>
internal sealed class DelayedRetryFilter<T>(DelayedRetries retries, EndpointKillSwitch? killSwitch) : IFilter<ConsumeContext<T>>
    where T : class
{
    public void Probe(ProbeContext context) => context.CreateFilterScope("delayedRetry");

    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        var delivery = context.ReceiveContext;
        var attempt = new PendingFaults<T>(context, exception => retries.WillRetry(delivery, exception));

        try
        {
            await next.Send(attempt);
            killSwitch?.Succeeded();
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            if (retries.CanHeal(exception))
                killSwitch?.Failed(exception);

            var attempts = new ConsumeAttempts(attempt.TryGetPayload<RetryContext>(out var retry) ? retry.RetryCount + 1 : 1);
            if (retries.WillRetry(delivery, exception))
            {
                await SendAsync(context, attempt, attempts, exception);
                return;
            }

            context.GetOrAddPayload(() => attempts);
            throw;
        }
    }

    private async Task SendAsync(ConsumeContext<T> context, PendingFaults<T> attempt, ConsumeAttempts attempts, Exception exception)
    {
        try
        {
            await retries.SendAsync(context.ReceiveContext, attempts.Count, exception);
        }
        catch (Exception failure) when (!context.CancellationToken.IsCancellationRequested)
        {
            await attempt.NotifyAsync();
            context.GetOrAddPayload(() => attempts);
            throw new TransportException(
                context.ReceiveContext.InputAddress,
                $"The message could not be sent to wait for its next attempt: {failure.Message}",
                exception);
        }

        // Without it the message would count as one that no consumer wanted.
        await context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, TypeCache<DelayedRetryFilter<T>>.ShortName);
    }
}

/// <summary>How often a consumer was tried with a delivery that failed; the dead letter tells it.</summary>
internal sealed record ConsumeAttempts(int Count);
