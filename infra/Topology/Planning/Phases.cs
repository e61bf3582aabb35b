namespace Topology;

/// <summary>Which phase puts or removes which resource.</summary>
internal static class Phases
{
    public static Phase OfPutting(Resource resource, Func<string, bool> isLinkUser) => resource switch
    {
        VirtualHost => Phase.VirtualHosts,
        Parameter { Component: Parameter.LimitsComponent } => Phase.Limits,
        Parameter => Phase.Shovels,
        User => Phase.Users,
        Exchange { Name: Names.DeadLetters } => Phase.DeadLetterExchanges,
        Queue { Name: Names.DeadLetters } => Phase.DeadLetterQueues,
        Binding { Destination: Names.DeadLetters } => Phase.DeadLetterBindings,
        Policy => Phase.Policies,
        Exchange => Phase.Exchanges,
        Queue => Phase.Queues,
        Binding { DestinationType: "exchange" } => Phase.EndpointExchangeBindings,
        Binding binding => Names.IsLinkQueue(binding.Destination) ? Phase.LinkBindings : Phase.EndpointQueueBindings,
        Permission { Configure: ".*" } => Phase.AdministratorRights,
        Permission permission => isLinkUser(permission.User) ? Phase.LinkRights : Phase.ServiceRights,
        _ => throw new ArgumentOutOfRangeException(nameof(resource), resource, "No phase is known for it."),
    };

    public static Phase OfRemoving(Resource resource) => resource switch
    {
        Binding binding when Names.IsProbe(binding.Source) => Phase.ObsoleteProbeBindings,
        Binding binding => Names.IsLinkQueue(binding.Destination) ? Phase.ObsoleteLinkBindings : Phase.ObsoleteEndpointBindings,
        Parameter => Phase.ObsoleteShovels,
        Queue => Phase.ObsoleteQueues,
        Exchange => Phase.ObsoleteExchanges,
        Policy => Phase.ObsoletePolicies,
        Permission => Phase.ObsoleteRights,
        User => Phase.ObsoleteUsers,
        _ => throw new ArgumentOutOfRangeException(nameof(resource), resource, "It is never removed."),
    };
}
