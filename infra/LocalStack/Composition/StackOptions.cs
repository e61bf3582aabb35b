namespace LocalStack;

/// <summary>What a stack consists of and where it keeps its files.</summary>
/// <param name="Directory">Data and logs.</param>
public sealed record StackOptions(string Directory)
{
    /// <summary>Who ends its processes if nobody stops them.</summary>
    public ProcessLifetime Lifetime { get; init; }

    /// <summary>Whether to take the well-known ports where they are free; else any free ones.</summary>
    public bool WellKnownPorts { get; init; }

    /// <summary>Services that are not started, by name: room for the one that is being debugged.</summary>
    public IReadOnlySet<string> Except { get; init; } = new HashSet<string>();

    /// <summary>How many processes of a service run, by name; one unless named.</summary>
    public IReadOnlyDictionary<string, int> Replicas { get; init; } = new Dictionary<string, int>();

    /// <summary>How long messages wait in the broker's wait queues, by queue name, where that differs from the routing table's.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Waits { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Settings of a service, by its name, on top of the stack's own.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string?>> Settings { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string?>>();

    /// <summary>
    /// Whether the programs run from copies, so that a build does not replace assemblies under running processes.
    /// </summary>
    public bool CopyPrograms { get; init; }
}
