using Contracts;

namespace Topology;

/// <summary>The one way from one service's virtual host to another's: a queue, a shovel, and the user it runs as.</summary>
/// <param name="Source">Whose messages travel.</param>
/// <param name="Destination">Where they arrive.</param>
/// <param name="SourceVirtualHost">The virtual host with the queue and the shovel.</param>
/// <param name="DestinationVirtualHost">The virtual host that the shovel publishes to.</param>
/// <param name="User">The user of the shovel.</param>
/// <param name="Exchanges">The exchanges whose messages travel, the same in both virtual hosts; without the probe's.</param>
public sealed record Link(
    Service Source,
    Service Destination,
    string SourceVirtualHost,
    string DestinationVirtualHost,
    string User,
    IReadOnlyList<string> Exchanges)
{
    /// <summary>The queue in the source virtual host: what a destination that is down leaves waiting is here to see.</summary>
    public string Queue => Names.LinkQueue(Destination);

    /// <summary>The name of the shovel.</summary>
    public string Shovel => $"{Source}-to-{Destination}";

    /// <summary>The exchange, in both virtual hosts, over which <c>apply</c> proves that the link moves messages.</summary>
    public string ProbeExchange => $"{Names.ProbePrefix}{Source}-to-{Destination}";

    /// <inheritdoc />
    public override string ToString() => $"link {SourceVirtualHost} -> {DestinationVirtualHost}";
}
