using Polly;

namespace Payments.Provider;

/// <summary>Lets so many calls through at once; the others wait for their turn, within the bound of the whole operation.</summary>
internal sealed class ConcurrencyLimit(int concurrentCalls) : ResilienceStrategy<ProviderResult>, IDisposable
{
    private readonly SemaphoreSlim _free = new(concurrentCalls);

    public void Dispose() => _free.Dispose();

    protected override async ValueTask<Outcome<ProviderResult>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<ProviderResult>>> callback,
        ResilienceContext context,
        TState state)
    {
        await _free.WaitAsync(context.CancellationToken);
        try
        {
            return await callback(context, state);
        }
        finally
        {
            _free.Release();
        }
    }
}

internal sealed class ConcurrencyLimitOptions : ResilienceStrategyOptions
{
    public ConcurrencyLimitOptions() => Name = nameof(ConcurrencyLimit);
}
