namespace Topology;

/// <summary>
/// Before a link loses an exchange: what was published to it and waits in the link's queue travels first. The queue is first
/// in, first out, so when a probe sent now has come through, all of it has.
/// </summary>
internal sealed record Drain(Crossing Crossing) : Step
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public override string Description =>
        $". what waits in {Crossing.SourceVirtualHost}/{Crossing.Queue} travels before its way is closed";

    internal override async Task RunAsync(ManagementApi broker, CancellationToken cancellationToken)
    {
        if (!await new LinkProbe(broker, Crossing).ArrivesWithinAsync(Patience, cancellationToken))
            throw new TopologyException(
                $"{Crossing.SourceVirtualHost}/{Crossing.Queue} was not emptied within {Patience.TotalMinutes:0} minutes, so its link was left as it is.");
    }
}
