namespace Topology;

/// <summary>
/// The order that loses nothing: a way is built from its far end, and opened to traffic last; taken down from its near end.
/// </summary>
internal enum Phase
{
    VirtualHosts,
    AdministratorRights,
    Limits,
    Users,
    DeadLetterExchanges,
    DeadLetterQueues,
    DeadLetterBindings,
    Policies,
    Exchanges,
    Queues,
    EndpointQueueBindings,
    EndpointExchangeBindings,
    LinkRights,
    Shovels,
    LinkBindings,

    /// <summary>A new service is let in when its virtual host is complete.</summary>
    ServiceRights,

    ObsoleteLinkBindings,
    ObsoleteTraffic,
    ObsoleteProbeBindings,
    ObsoleteEndpointBindings,
    ObsoleteShovels,
    ObsoleteQueues,
    ObsoleteExchanges,
    ObsoletePolicies,
    ObsoleteRights,
    ObsoleteUsers,
}
