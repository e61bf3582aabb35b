using System.Text.RegularExpressions;

namespace Topology;

/// <summary>What a link needs at its two ends.</summary>
internal static class LinkRenderer
{
    private const string Nothing = "^$";

    /// <summary>One link for every pair of services with traffic.</summary>
    public static IReadOnlyList<Link> LinksOf(RoutingTable table, TopologyOptions options) =>
    [
        .. table.Routes
            .Where(route => route.CrossesVirtualHosts)
            .GroupBy(route => (route.Source, route.Destination))
            .Select(pair => new Link(
                pair.Key.Source,
                pair.Key.Destination,
                options.VirtualHostOf(pair.Key.Source),
                options.VirtualHostOf(pair.Key.Destination),
                $"{options.Prefix}{Names.LinkUserPrefix}{pair.Key.Source}-to-{pair.Key.Destination}",
                [.. pair.Select(route => route.Exchange).Distinct().Order(StringComparer.Ordinal)])),
    ];

    public static IEnumerable<Resource> Render(Link link, TopologyOptions options) =>
        [.. User(link, options), .. Source(link, options), .. Destination(link), Shovel(link, options)];

    /// <summary>The user may read the one queue and write to the exchanges of exactly the routed messages.</summary>
    private static IEnumerable<Resource> User(Link link, TopologyOptions options) =>
    [
        Topology.User.WithPassword(link.User, options.PasswordOfLink(link.User)),
        new Permission(link.User, link.SourceVirtualHost, Nothing, Nothing, $"^{Regex.Escape(link.Queue)}$"),
        new Permission(
            link.User,
            link.DestinationVirtualHost,
            Nothing,
            $"^({string.Join('|', Exchanges(link).Select(Regex.Escape))})$",
            Nothing),
    ];

    private static IEnumerable<Resource> Source(Link link, TopologyOptions options) =>
    [
        Exchange.Fanout(link.SourceVirtualHost, link.ProbeExchange),
        Queue.Quorum(link.SourceVirtualHost, link.Queue),
        Policies.LinkQueue(link.SourceVirtualHost, link.Queue, options),
        .. Exchanges(link).Select(exchange => Binding.ToQueue(link.SourceVirtualHost, exchange, link.Queue)),
    ];

    private static IEnumerable<Resource> Destination(Link link) =>
        [Exchange.Fanout(link.DestinationVirtualHost, link.ProbeExchange)];

    /// <summary>Neither dest-exchange nor dest-queue: the shovel republishes to the exchange that the message came from.</summary>
    private static Parameter Shovel(Link link, TopologyOptions options)
    {
        return new Parameter(
            link.SourceVirtualHost,
            Parameter.ShovelComponent,
            link.Shovel,
            CanonicalJson.Of(
                ("src-protocol", "amqp091"),
                ("src-uri", Address(link.SourceVirtualHost)),
                ("src-queue", link.Queue),
                ("src-prefetch-count", 1000),
                ("dest-protocol", "amqp091"),
                ("dest-uri", Address(link.DestinationVirtualHost)),
                ("ack-mode", "on-confirm"),
                ("reconnect-delay", 1)));

        string Address(string virtualHost) =>
            AmqpAddress.Of(options.Broker, link.User, options.PasswordOfLink(link.User), virtualHost).AbsoluteUri;
    }

    private static IEnumerable<string> Exchanges(Link link) => link.Exchanges.Append(link.ProbeExchange);
}
