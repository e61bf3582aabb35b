using Contracts;

namespace Topology;

/// <summary>What the topology is made from.</summary>
public sealed record RoutingTable
{
    /// <summary>The table of the contracts, <see cref="Contracts.Routes" />.</summary>
    public static RoutingTable OfContracts { get; } = new()
    {
        Routes = Contracts.Routes.All,
        WaitQueues = Contracts.Routes.WaitQueues,
        RetryQueues = Contracts.Routes.RetryQueues,
        Expiries = Contracts.Routes.Expiries,
    };

    /// <summary>Who publishes what, and which endpoint receives it.</summary>
    public required IReadOnlyList<Route> Routes { get; init; }

    /// <summary>Messages that arrive some time after they were sent.</summary>
    public IReadOnlyList<WaitQueue> WaitQueues { get; init; } = [];

    /// <summary>Where messages wait between two attempts.</summary>
    public IReadOnlyList<RetryQueue> RetryQueues { get; init; } = [];

    /// <summary>Endpoints whose messages go stale.</summary>
    public IReadOnlyList<Expiry> Expiries { get; init; } = [];

    /// <summary>Every service that a route begins or ends at.</summary>
    public IReadOnlyList<Service> Services =>
        [.. Routes.SelectMany(route => new[] { route.Source, route.Destination }).Distinct()];
}
