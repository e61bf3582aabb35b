namespace Topology;

/// <summary>Compares what the broker holds with what is wanted. One comparison serves <c>diff</c> and <c>apply</c>.</summary>
internal sealed class Planner(Definitions wanted, IReadOnlyList<Link> links, TopologyOptions options)
{
    private readonly Dictionary<string, Resource> _wanted = wanted.All.ToDictionary(resource => resource.Identity);

    /// <summary>The steps from the one state to the other, in the order that loses nothing; none when they agree.</summary>
    /// <exception cref="TopologyException">A queue or exchange exists in a form that cannot be changed.</exception>
    public IReadOnlyList<Step> Plan(Definitions current, IReadOnlyList<ShovelStatus> shovels)
    {
        var existing = current.All.ToDictionary(resource => resource.Identity);
        return
        [
            .. Missing(existing).Concat(Different(existing)).Concat(NotRunning(existing, shovels)).Concat(Obsolete(current))
                .OrderBy(step => step.Phase)
                .Select(step => step.Step),
        ];
    }

    private IEnumerable<(Phase Phase, Step Step)> Missing(Dictionary<string, Resource> existing) =>
        from resource in _wanted.Values
        where !existing.ContainsKey(resource.Identity)
        select (Phases.OfPutting(resource, IsLinkUser), (Step)new Create(resource));

    private IEnumerable<(Phase Phase, Step Step)> Different(Dictionary<string, Resource> existing)
    {
        foreach (var resource in _wanted.Values)
        {
            if (!existing.TryGetValue(resource.Identity, out var found) || resource.IsSatisfiedBy(found))
                continue;

            if (resource is Queue or Exchange)
                throw new TopologyException(
                    $"{resource.Identity} exists in another form and cannot be changed ({Differences.Between(found, resource)}): empty it, delete it and apply again.");

            if (resource is Permission rights && found is Permission former && IsLinkUser(rights.User))
            {
                // Widened before the new traffic, narrowed after the old.
                var both = rights with { Read = Either(former.Read, rights.Read), Write = Either(former.Write, rights.Write) };
                yield return (Phase.LinkRights, new Change(both, former));
                yield return (Phase.ObsoleteRights, new Change(rights, both));
            }
            else
                yield return (Phases.OfPutting(resource, IsLinkUser), new Change(resource, found));
        }
    }

    private IEnumerable<(Phase Phase, Step Step)> NotRunning(Dictionary<string, Resource> existing, IReadOnlyList<ShovelStatus> shovels) =>
        from shovel in wanted.Parameters
        where shovel.Component == Parameter.ShovelComponent
            && existing.TryGetValue(shovel.Identity, out var found)
            && shovel.IsSatisfiedBy(found)
            && MayLookInto(shovel.Vhost, existing)
        let status = shovels.FirstOrDefault(status => status.Vhost == shovel.Vhost && status.Name == shovel.Name)
        where status?.State != "running"
        select (Phase.Shovels, (Step)new Restart(shovel, status is null ? "not there" : status.State + Because(status.Reason)));

    private IEnumerable<(Phase Phase, Step Step)> Obsolete(Definitions current)
    {
        Resource[] obsolete =
        [
            .. current.Bindings.Where(binding => IsOurs(binding) && IsUnwanted(binding)),
            .. current.Parameters.Where(parameter => parameter.Component == Parameter.ShovelComponent && IsUnwanted(parameter)),
            .. current.Queues.Where(queue => Names.IsLinkQueue(queue.Name) && IsUnwanted(queue)),
            .. current.Exchanges.Where(exchange => Names.IsProbe(exchange.Name) && IsUnwanted(exchange)),
            .. current.Policies.Where(IsUnwanted),
            .. current.Permissions.Where(permission => IsForeignRight(permission, current.Users)),
            .. current.Users.Where(user => user.Name == "guest" || (IsLinkUser(user.Name) && IsUnwanted(user))),
        ];

        return obsolete
            .OrderBy(resource => resource.Identity, StringComparer.Ordinal)
            .Select(resource => (Phases.OfRemoving(resource), (Step)new Remove(resource)))
            .Concat(ObsoleteTraffic(current, [.. obsolete.OfType<Binding>().Where(binding => Names.IsLinkQueue(binding.Destination))]));
    }

    /// <summary>Links that lose an exchange, or everything, and over which a probe can still be sent.</summary>
    private IEnumerable<(Phase Phase, Step Step)> ObsoleteTraffic(Definitions current, IReadOnlyList<Binding> obsolete) =>
        from shovel in current.Parameters.Concat(wanted.Parameters).DistinctBy(parameter => parameter.Identity)
        where shovel.Component == Parameter.ShovelComponent
        let crossing = Crossing.Of(shovel)
        where obsolete.Any(binding => binding.Vhost == crossing.SourceVirtualHost && binding.Destination == crossing.Queue)
            && current.Bindings.Contains(Binding.ToQueue(crossing.SourceVirtualHost, crossing.ProbeExchange, crossing.Queue))
        select (Phase.ObsoleteTraffic, (Step)new Drain(crossing));

    /// <summary>
    /// A binding to what we declare brings messages that no route brings. One to somebody else's queue, say a developer's
    /// who listens in, is none of our business.
    /// </summary>
    private bool IsOurs(Binding binding) =>
        binding.Source.Length > 0
        && (Names.IsLinkQueue(binding.Destination) || _wanted.ContainsKey($"{binding.DestinationType} {binding.Vhost}/{binding.Destination}"));

    /// <summary>Rights of strangers in our virtual hosts, and of our users anywhere else. Administrators may look.</summary>
    private bool IsForeignRight(Permission permission, IReadOnlyList<User> users) =>
        IsUnwanted(permission)
        && (IsVirtualHost(permission.Vhost) || wanted.Users.Any(user => user.Name == permission.User))
        && !users.Any(user => user.Name == permission.User && user.IsAdministrator);

    /// <summary>Without rights in a virtual host its shovels cannot be seen, running or not.</summary>
    private bool MayLookInto(string virtualHost, Dictionary<string, Resource> existing) =>
        wanted.Permissions
            .Where(permission => permission.Vhost == virtualHost && permission.Configure == ".*")
            .All(permission => existing.ContainsKey(permission.Identity));

    private bool IsVirtualHost(string name) => wanted.Vhosts.Any(vhost => vhost.Name == name);

    private bool IsUnwanted(Resource resource) => !_wanted.ContainsKey(resource.Identity);

    private bool IsLinkUser(string user) =>
        links.Any(link => link.User == user) || user.StartsWith(options.Prefix + Names.LinkUserPrefix, StringComparison.Ordinal);

    private static string Because(string? reason) => string.IsNullOrEmpty(reason) ? "" : $" ({reason})";

    private static string Either(string former, string next) => former == next ? next : $"({former})|({next})";
}
