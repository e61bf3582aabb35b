using System.Text.RegularExpressions;
using Contracts;

namespace Topology;

/// <summary>Turns the routing table into what the broker must hold.</summary>
internal sealed class TopologyRenderer(IReadOnlyCollection<Route> routes, TopologyOptions options)
{
    /// <summary>A service may do what it likes in its own virtual host, except with the queues of links.</summary>
    private const string OwnResources = "^(?!to-).*";

    /// <summary>As above; and nothing is published to a queue behind its exchange's back.</summary>
    private const string OwnExchanges = @"^(?!amq\.default$|to-).*";

    private const string Nothing = "^$";

    public IReadOnlyList<Link> Links { get; } =
    [
        .. routes
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

    public IReadOnlyList<Service> Services { get; } =
        [.. routes.SelectMany(route => new[] { route.Source, route.Destination }).Distinct()];

    public Definitions Render() =>
        Definitions.Of([.. Services.SelectMany(Service), .. routes.SelectMany(Route), .. Links.SelectMany(Link)]);

    private IEnumerable<Resource> Service(Service service)
    {
        var virtualHost = options.VirtualHostOf(service);
        yield return new VirtualHost(virtualHost);
        yield return new Parameter(
            virtualHost,
            Parameter.LimitsComponent,
            "limits",
            CanonicalJson.Of(("max-connections", options.ConnectionLimit), ("max-queues", options.QueueLimit)));

        yield return User.WithPassword(virtualHost, options.PasswordOf(service));
        yield return new Permission(virtualHost, virtualHost, OwnResources, OwnExchanges, OwnResources);

        yield return Exchange.Fanout(virtualHost, Names.DeadLetters);
        yield return Queue.Quorum(virtualHost, Names.DeadLetters);
        yield return Binding.ToQueue(virtualHost, Names.DeadLetters, Names.DeadLetters);
        yield return Policies.DeadLetters(virtualHost);
        yield return Policies.AlternateExchange(
            virtualHost,
            routes.Where(route => route.Source == service || route.Destination == service).Select(route => route.Exchange).Distinct());
    }

    /// <summary>The message's exchange at both ends, and the endpoint as MassTransit itself declares it.</summary>
    private IEnumerable<Resource> Route(Route route)
    {
        var virtualHost = options.VirtualHostOf(route.Destination);
        yield return Exchange.Fanout(options.VirtualHostOf(route.Source), route.Exchange);
        yield return Exchange.Fanout(virtualHost, route.Exchange);

        yield return Exchange.Fanout(virtualHost, route.Endpoint);
        yield return Queue.Quorum(virtualHost, route.Endpoint);
        yield return Policies.Endpoint(virtualHost, route.Endpoint, options);
        yield return Binding.ToQueue(virtualHost, route.Endpoint, route.Endpoint);
        yield return Binding.ToExchange(virtualHost, route.Exchange, route.Endpoint);
    }

    private IEnumerable<Resource> Link(Link link)
    {
        var password = options.PasswordOfLink(link.User);
        yield return User.WithPassword(link.User, password);
        yield return new Permission(link.User, link.SourceVirtualHost, Nothing, Nothing, $"^{Regex.Escape(link.Queue)}$");
        yield return new Permission(
            link.User,
            link.DestinationVirtualHost,
            Nothing,
            $"^({string.Join('|', link.Exchanges.Append(link.ProbeExchange).Select(Regex.Escape))})$",
            Nothing);

        yield return Queue.Quorum(link.SourceVirtualHost, link.Queue);
        yield return Policies.LinkQueue(link.SourceVirtualHost, link.Queue, options);
        foreach (var exchange in link.Exchanges.Append(link.ProbeExchange))
            yield return Binding.ToQueue(link.SourceVirtualHost, exchange, link.Queue);

        yield return Exchange.Fanout(link.SourceVirtualHost, link.ProbeExchange);
        yield return Exchange.Fanout(link.DestinationVirtualHost, link.ProbeExchange);

        // Neither dest-exchange nor dest-queue: the shovel republishes to the exchange that the message came from.
        yield return new Parameter(
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

        string Address(string virtualHost) => AmqpAddress.Of(options.Broker, link.User, password, virtualHost).AbsoluteUri;
    }
}
