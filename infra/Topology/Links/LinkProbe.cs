using System.Text.Json.Nodes;

namespace Topology;

/// <summary>
/// Proves that a link moves messages by sending one over it: a shovel calls itself running while everything behind a
/// refused message stands still.
/// </summary>
internal sealed class LinkProbe(ManagementApi broker, Crossing crossing)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Where the probe arrives; gone by itself should this process die.</summary>
    private readonly Queue _arrivals = new(
        $"{crossing.ProbeExchange}-{Guid.NewGuid():N}",
        crossing.DestinationVirtualHost,
        Durable: true,
        AutoDelete: false,
        CanonicalJson.Of(("x-expires", (JsonNode)600_000)));

    /// <summary>Waits until a probe sent now, and so everything that waited before it, has come through.</summary>
    /// <returns>Whether it has within the time.</returns>
    public async Task<bool> ArrivesWithinAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            await broker.PutAsync(_arrivals, patience.Token);
            await broker.PutAsync(Binding.ToQueue(_arrivals.Vhost, crossing.ProbeExchange, _arrivals.Name), patience.Token);

            using var timer = new PeriodicTimer(Between);
            while (!await broker.TryPublishAsync(crossing.SourceVirtualHost, crossing.ProbeExchange, _arrivals.Name, patience.Token))
                await timer.WaitForNextTickAsync(patience.Token);
            while (!(await broker.TakeAsync(_arrivals.Vhost, _arrivals.Name, patience.Token)).Contains(_arrivals.Name))
                await timer.WaitForNextTickAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            await broker.DeleteAsync(_arrivals, CancellationToken.None);
        }
    }
}
