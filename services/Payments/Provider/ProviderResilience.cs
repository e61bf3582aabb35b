using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Payments.Provider;

/// <summary>
/// How the provider is asked: from the outside in, a bound for everything, retries with exponential backoff and full jitter,
/// a circuit breaker, a limit of concurrent calls, a bound for one call. One instance for the process, because the breaker
/// and the limit are only worth something when all calls share them.
/// </summary>
public sealed class ProviderResilience(IOptions<ProviderOptions> options, TimeProvider time, ILogger<ProviderResilience> logger)
{
    private readonly ResiliencePipeline<ProviderResult> _pipeline = Build(options.Value, time, logger);

    /// <summary>Makes a call as often as the settings allow.</summary>
    /// <returns>The provider's answer, or <see cref="ProviderResult.Unreachable" /> when there was none within the bounds.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken" /> was cancelled.</exception>
    public async Task<ProviderResult> ExecuteAsync(Func<CancellationToken, Task<ProviderResult>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async token => await call(token), cancellationToken);
        }
        catch (TimeoutRejectedException)
        {
            return new ProviderResult.Unreachable("provider_timeout");
        }
        catch (Exception exception) when (exception is HttpRequestException or BrokenCircuitException)
        {
            return new ProviderResult.Unreachable("provider_unavailable");
        }
    }

    private static ResiliencePipeline<ProviderResult> Build(ProviderOptions options, TimeProvider time, ILogger logger) =>
        new ResiliencePipelineBuilder<ProviderResult> { TimeProvider = time }
            .AddTimeout(options.TotalTimeout)
            .AddRetry(new RetryStrategyOptions<ProviderResult>
            {
                ShouldHandle = outcome => ValueTask.FromResult(IsFailure(outcome.Outcome) || outcome.Outcome.Exception is BrokenCircuitException),
                MaxRetryAttempts = options.Retries,
                DelayGenerator = retry => ValueTask.FromResult<TimeSpan?>(Delay(options, retry)),
                OnRetry = retry =>
                {
                    logger.LogWarning(
                        "The provider gave no usable answer ({Reason}); asking again in {Delay}", Reason(retry.Outcome), retry.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ProviderResult>
            {
                ShouldHandle = outcome => ValueTask.FromResult(IsFailure(outcome.Outcome)),
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerMinimumCalls,
                SamplingDuration = options.BreakerWindow,
                BreakDuration = options.BreakDuration,
                OnOpened = opened =>
                {
                    logger.LogError("Too many calls of the provider failed; it is left alone for {Duration}", opened.BreakDuration);
                    return ValueTask.CompletedTask;
                },
                OnClosed = _ =>
                {
                    logger.LogInformation("The provider answers again");
                    return ValueTask.CompletedTask;
                },
            })
            .AddStrategy(_ => new ConcurrencyLimit(options.ConcurrentCalls), new ConcurrencyLimitOptions())
            .AddTimeout(options.AttemptTimeout)
            .Build();

    private static bool IsFailure(Outcome<ProviderResult> outcome) =>
        outcome.Result is ProviderResult.Unreachable || outcome.Exception is HttpRequestException or TimeoutRejectedException;

    /// <summary>Full jitter: anything between nothing and the backoff, so that those who failed together do not return together.</summary>
    private static TimeSpan Delay(ProviderOptions options, RetryDelayGeneratorArguments<ProviderResult> retry)
    {
        var backoff = Math.Min(options.LongestDelay.TotalMilliseconds, options.FirstDelay.TotalMilliseconds * Math.Pow(2, retry.AttemptNumber));
        var drawn = TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * backoff);
        var asked = (retry.Outcome.Result as ProviderResult.Unreachable)?.RetryAfter ?? TimeSpan.Zero;
        return asked > drawn ? asked : drawn;
    }

    private static string Reason(Outcome<ProviderResult> outcome) =>
        (outcome.Result as ProviderResult.Unreachable)?.Reason ?? outcome.Exception?.Message ?? "";
}
