using System.Net;
using LocalStack;
using RealServers;

namespace EndToEnd.Outages;

/// <summary>A customer who orders four times a second, repeating a submission that was not answered until it is.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Guid> _accepted = [];
    private readonly Task _ordering;

    private Load(Shop shop) => _ordering = OrderAsync(shop);

    public static Load Start(Shop shop) => new(shop);

    /// <summary>Waits until this many more orders are accepted.</summary>
    public Task AcceptsAsync(int more)
    {
        var target = Count + more;
        return Eventually.TrueAsync(() => Count >= target || _ordering.IsFaulted, $"{more} more orders are accepted");
    }

    /// <summary>Stops ordering.</summary>
    /// <returns>Every order that was accepted.</returns>
    public async Task<IReadOnlyList<Guid>> StopAsync()
    {
        await _stop.CancelAsync();
        await _ordering;
        return _accepted;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ordering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private int Count
    {
        get
        {
            lock (_gate)
                return _accepted.Count;
        }
    }

    private async Task OrderAsync(Shop shop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (!_stop.IsCancellationRequested)
        {
            var key = Guid.NewGuid().ToString();
            var order = await Eventually.ValueAsync(() => TryAsync(shop, key), "a submission is accepted at last");
            lock (_gate)
                _accepted.Add(order.Id);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static async Task<AcceptedOrder?> TryAsync(Shop shop, string key)
    {
        try
        {
            return await shop.PlaceAsync("ada", idempotencyKey: key);
        }
        catch (HttpRequestException refused) when (refused.StatusCode is null or HttpStatusCode.ServiceUnavailable or HttpStatusCode.Conflict)
        {
            return null;
        }
    }
}
