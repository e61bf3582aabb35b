using Contracts;

namespace Topology;

/// <summary>Turns the routing table into what the broker must hold.</summary>
internal sealed class TopologyRenderer(RoutingTable table, TopologyOptions options)
{
    /// <summary>A service may do what it likes in its own virtual host, except with the queues of links.</summary>
    private const string OwnResources = "^(?!to-).*";

    /// <summary>As above; and nothing is published to a queue behind its exchange's back.</summary>
    private const string OwnExchanges = @"^(?!amq\.default$|to-).*";

    public Definitions Render(IReadOnlyList<Link> links)
    {
        Resource[] resources =
        [
            .. table.Services.SelectMany(Service),
            .. table.Services.SelectMany(RetryQueues),
            .. table.Routes.SelectMany(Route),
            .. table.WaitQueues.SelectMany(WaitQueue),
            .. table.Expiries.SelectMany(Expiry),
            .. links.SelectMany(link => LinkRenderer.Render(link, options)),
        ];
        return Definitions.Of([.. resources, .. Policies.AlternateExchanges(resources.OfType<Exchange>())]);
    }

    private IEnumerable<Resource> Service(Service service)
    {
        var virtualHost = options.VirtualHostOf(service);
        return
        [
            new VirtualHost(virtualHost),
            Parameter.Limits(virtualHost, options.ConnectionLimit, options.QueueLimit),
            User.WithPassword(virtualHost, options.PasswordOf(service)),
            new Permission(virtualHost, virtualHost, OwnResources, OwnExchanges, OwnResources),
            .. QueueWithExchange(virtualHost, Names.DeadLetters),
            Policies.DeadLetters(virtualHost),
        ];
    }

    /// <summary>The message's exchange at both ends, and the endpoint as MassTransit itself declares it.</summary>
    private IEnumerable<Resource> Route(Route route)
    {
        var virtualHost = options.VirtualHostOf(route.Destination);
        return
        [
            Exchange.Fanout(options.VirtualHostOf(route.Source), route.Exchange),
            Exchange.Fanout(virtualHost, route.Exchange),
            .. QueueWithExchange(virtualHost, route.Endpoint),
            Binding.ToExchange(virtualHost, route.Exchange, route.Endpoint),
            EndpointPolicy(route.Destination, route.Endpoint),
        ];
    }

    /// <summary>Nobody consumes it: what has waited long enough goes on to its message's exchange, like any other message.</summary>
    private IEnumerable<Resource> WaitQueue(WaitQueue wait)
    {
        var virtualHost = options.VirtualHostOf(wait.Service);
        return
        [
            .. QueueWithExchange(virtualHost, wait.Queue),
            Policies.WaitQueue(virtualHost, wait.Queue, options.TtlOf(wait.Queue, wait.DefaultDelay), wait.Exchange, options),
        ];
    }

    /// <summary>
    /// A message returns by its routing key, which names its endpoint's queue. Not through the default exchange: what finds no
    /// queue there stays under way, and a few dozen of those hold up every other retry. Here they become dead letters.
    /// </summary>
    private IEnumerable<Resource> RetryQueues(Service service)
    {
        var virtualHost = options.VirtualHostOf(service);
        return
        [
            Exchange.Fanout(virtualHost, Names.RetryReturn) with { Type = "direct" },
            .. EndpointsOf(service).Select(endpoint => Binding.ToQueue(virtualHost, Names.RetryReturn, endpoint) with { RoutingKey = endpoint }),
            .. table.RetryQueues.SelectMany(IEnumerable<Resource> (retry) =>
            [
                .. QueueWithExchange(virtualHost, retry.Queue),
                Policies.WaitQueue(virtualHost, retry.Queue, options.TtlOf(retry.Queue, retry.DefaultDelay), Names.RetryReturn, options),
            ]),
        ];
    }

    private IEnumerable<string> EndpointsOf(Service service) =>
        table.Routes.Where(route => route.Destination == service).Select(route => route.Endpoint)
            .Union(table.Expiries.Where(expiry => expiry.Service == service).Select(expiry => expiry.ExpiredInto));

    private IEnumerable<Resource> Expiry(Expiry expiry)
    {
        var virtualHost = options.VirtualHostOf(expiry.Service);
        return [.. QueueWithExchange(virtualHost, expiry.ExpiredInto), EndpointPolicy(expiry.Service, expiry.ExpiredInto)];
    }

    private Policy EndpointPolicy(Service service, string endpoint)
    {
        var virtualHost = options.VirtualHostOf(service);
        return table.Expiries.FirstOrDefault(expiry => expiry.Service == service && expiry.Endpoint == endpoint) is { } expiry
            ? Policies.ExpiringEndpoint(virtualHost, endpoint, options.TtlOf(endpoint, expiry.DefaultLifetime), expiry.ExpiredInto, options)
            : Policies.Endpoint(virtualHost, endpoint, options);
    }

    private static IEnumerable<Resource> QueueWithExchange(string virtualHost, string name) =>
        [Exchange.Fanout(virtualHost, name), Queue.Quorum(virtualHost, name), Binding.ToQueue(virtualHost, name, name)];
}
