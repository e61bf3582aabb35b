namespace Topology;

/// <summary>
/// Before a link loses an exchange: what was published to it and is still in the link's queue travels first. The queue is
/// first in, first out, so as many acknowledgements as there were messages say that those are through.
/// </summary>
internal sealed record Drain(string VirtualHost, string Queue) : Step
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public override string Description => $". what waits in {VirtualHost}/{Queue} travels before its way is closed";

    internal override async Task RunAsync(ManagementApi broker, CancellationToken cancellationToken)
    {
        var before = await broker.ReadQueueAsync(VirtualHost, Queue, cancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            while (await timer.WaitForNextTickAsync(patience.Token))
            {
                var now = await broker.ReadQueueAsync(VirtualHost, Queue, patience.Token);
                if (now.Messages == 0 || now.Acknowledged >= before.Acknowledged + before.Messages)
                    return;
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TopologyException(
                $"{VirtualHost}/{Queue} was not emptied within {Patience.TotalSeconds:0} s, so nothing of its link was removed: {before.Messages} messages waited at the start.",
                exception);
        }
    }
}
