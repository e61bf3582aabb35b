namespace Topology;

/// <summary>Says why a link moves nothing. The broker itself gives no reason, so what it needs is looked at one by one.</summary>
internal sealed class LinkDiagnosis(Definitions wanted, Definitions current, IReadOnlyList<ShovelStatus> shovels)
{
    public string WhyNothingMoves(Link link, QueueStatus? queue)
    {
        var status = shovels.FirstOrDefault(shovel => shovel.Vhost == link.SourceVirtualHost && shovel.Name == link.Shovel);
        return string.Join("; ", Findings(link).Append(StateOf(link, status, queue)));
    }

    private IEnumerable<string> Findings(Link link)
    {
        foreach (var resource in Needed(link))
        {
            var found = current.All.FirstOrDefault(candidate => candidate.Identity == resource.Identity);
            if (found is null)
                yield return $"{resource.Identity} is missing";
            else if (!resource.IsSatisfiedBy(found))
                yield return resource is User
                    ? $"{resource.Identity} has another password than the link signs in with"
                    : $"{resource.Identity} is not as declared";
        }
    }

    private IEnumerable<Resource> Needed(Link link) => wanted.All.Where(resource => resource switch
    {
        VirtualHost vhost => vhost.Name == link.DestinationVirtualHost,
        User user => user.Name == link.User,
        Permission permission => permission.User == link.User,
        Parameter shovel => shovel.Vhost == link.SourceVirtualHost && shovel.Name == link.Shovel,
        Queue queue => queue.Vhost == link.SourceVirtualHost && queue.Name == link.Queue,
        Exchange exchange => exchange.Vhost == link.DestinationVirtualHost
            && (exchange.Name == link.ProbeExchange || link.Exchanges.Contains(exchange.Name)),
        Binding binding => binding.Vhost == link.SourceVirtualHost && binding.Destination == link.Queue,
        _ => false,
    });

    private string StateOf(Link link, ShovelStatus? status, QueueStatus? queue) => status switch
    {
        { State: "running" } => $"shovel {link.Shovel} says running, and of {queue?.Messages ?? 0} messages waiting in {link.Queue} ({queue?.MessagesUnacknowledged ?? 0} under way) none was accepted at the other end",
        // RabbitMQ 3.10 shows a shovel that cannot connect as starting or terminated, 4.x does not show it at all.
        _ => $"shovel {link.Shovel} {Shown(status)}: it cannot reach or may not sign in at {AddressOf(link)}, or the plugin rabbitmq_shovel is off; the broker's log says which",
    };

    private static string Shown(ShovelStatus? status) => status switch
    {
        null => "does not run",
        { Reason: { Length: > 0 } reason } => $"is {status.State} ({reason})",
        _ => $"is {status.State}",
    };

    private string AddressOf(Link link)
    {
        var shovel = wanted.Parameters.Single(parameter => parameter.Vhost == link.SourceVirtualHost && parameter.Name == link.Shovel);
        return new Uri(shovel.Value["dest-uri"]!).Authority;
    }
}
