namespace Topology;

/// <summary>Where a message enters a link and where it comes out.</summary>
internal sealed record Crossing(string SourceVirtualHost, string Queue, string ProbeExchange, string DestinationVirtualHost)
{
    public static Crossing Of(Link link) => new(link.SourceVirtualHost, link.Queue, link.ProbeExchange, link.DestinationVirtualHost);

    /// <summary>That of a shovel found on the broker, whose link the routing table may not know any more.</summary>
    public static Crossing Of(Parameter shovel) => new(
        shovel.Vhost,
        shovel.Value["src-queue"] ?? "",
        Names.ProbePrefix + shovel.Name,
        Uri.UnescapeDataString(new Uri(shovel.Value["dest-uri"]!).AbsolutePath.TrimStart('/')));
}
