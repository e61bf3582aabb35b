namespace Topology;

/// <summary>Whether a link moves messages: a probe comes through or, behind a long queue, others are seen to.</summary>
internal sealed class LinkMovement(ManagementApi broker, Link link)
{
    /// <summary>The broker's own figures lag by up to five seconds; only what they add later happened while we looked.</summary>
    private static readonly TimeSpan FiguresLag = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    public async Task<bool> IsSeenWithinAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var probe = new LinkProbe(broker, Crossing.Of(link)).ArrivesWithinAsync(timeout, decided.Token);
        var acknowledgements = AcknowledgementsAsync(timeout, decided.Token);
        try
        {
            var first = await Task.WhenAny(probe, acknowledgements);
            return await first || await (first == probe ? acknowledgements : probe);
        }
        finally
        {
            // The other one is not needed any more: it ends as cancelled.
            await decided.CancelAsync();
            await ((Task)Task.WhenAll(probe, acknowledgements)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> AcknowledgementsAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            await Task.Delay(FiguresLag, patience.Token);
            var before = await broker.ReadQueueAsync(link.SourceVirtualHost, link.Queue, patience.Token);
            using var timer = new PeriodicTimer(Between);
            while (await timer.WaitForNextTickAsync(patience.Token))
                if ((await broker.ReadQueueAsync(link.SourceVirtualHost, link.Queue, patience.Token)).Acknowledged > before.Acknowledged)
                    return true;
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
