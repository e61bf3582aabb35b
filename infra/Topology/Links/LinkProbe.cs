using System.Text.Json.Nodes;

namespace Topology;

/// <summary>
/// Proves that a link moves messages by sending one over it: a shovel calls itself running while everything behind a
/// refused message stands still.
/// </summary>
internal sealed class LinkProbe(ManagementApi broker, Link link)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Where probes arrive; gone by itself should this process die.</summary>
    private readonly Queue _arrivals = new(
        $"{link.ProbeExchange}-{Guid.NewGuid():N}",
        link.DestinationVirtualHost,
        Durable: true,
        AutoDelete: false,
        CanonicalJson.Of(("x-expires", (JsonNode)60_000)));

    /// <summary>Waits until a probe has come through or, behind a long queue, until others have.</summary>
    /// <returns>Whether it did within the time.</returns>
    public async Task<bool> ArrivesWithinAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            await broker.PutAsync(_arrivals, patience.Token);
            await broker.PutAsync(Binding.ToQueue(_arrivals.Vhost, link.ProbeExchange, _arrivals.Name), patience.Token);
            var before = await broker.ReadQueueAsync(link.SourceVirtualHost, link.Queue, patience.Token);
            await broker.PublishAsync(link.SourceVirtualHost, link.ProbeExchange, _arrivals.Name, patience.Token);

            using var timer = new PeriodicTimer(Between);
            while (!await HasArrivedAsync(before, patience.Token))
                await timer.WaitForNextTickAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            await broker.PurgeAndDeleteAsync(_arrivals, CancellationToken.None);
        }
    }

    private async Task<bool> HasArrivedAsync(QueueStatus before, CancellationToken cancellationToken)
    {
        var arrived = await broker.TakeAsync(_arrivals.Vhost, _arrivals.Name, cancellationToken);
        if (arrived.Contains(_arrivals.Name))
            return true;

        var now = await broker.ReadQueueAsync(link.SourceVirtualHost, link.Queue, cancellationToken);
        return now.Acknowledged > before.Acknowledged;
    }
}
