using Contracts;

namespace Topology;

/// <summary>Names that services, operators and documentation rely on.</summary>
public static class Names
{
    /// <summary>The exchange and queue, in every virtual host, of whatever could not be delivered or processed.</summary>
    public const string DeadLetters = "dead-letters";

    /// <summary>The exchange, in every virtual host, that brings retried messages back to the queue that their routing key names.</summary>
    public const string RetryReturn = "retry-return";

    /// <summary>How the queues of links begin; services have no rights on them.</summary>
    public const string LinkQueuePrefix = "to-";

    internal const string LinkUserPrefix = "link-";

    internal const string ProbePrefix = "probe-";

    /// <summary>The queue, in a source virtual host, of everything on its way to a service.</summary>
    public static string LinkQueue(Service destination) => LinkQueuePrefix + destination;

    internal static bool IsProbe(string exchange) => exchange.StartsWith(ProbePrefix, StringComparison.Ordinal);

    internal static bool IsLinkQueue(string queue) => queue.StartsWith(LinkQueuePrefix, StringComparison.Ordinal);
}
