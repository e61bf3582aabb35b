using Contracts;

namespace Topology;

/// <summary>The program's settings: environment variables, each with a default for development.</summary>
internal static class EnvironmentOptions
{
    public static Uri Management { get; } = new(Read("MANAGEMENT") ?? "http://admin:dev-admin@localhost:15672");

    /// <summary>How long <c>apply</c> waits for a broker that is still starting.</summary>
    public static TimeSpan BrokerTimeout => Duration("BROKER_TIMEOUT", TimeSpan.FromSeconds(60));

    private static IEnumerable<string> TimedQueues =>
    [
        .. Routes.WaitQueues.Select(wait => wait.Queue),
        .. Routes.RetryQueues.Select(retry => retry.Queue),
        .. Routes.Expiries.Select(expiry => expiry.Endpoint),
    ];

    public static TopologyOptions Topology()
    {
        var defaults = new TopologyOptions();
        return defaults with
        {
            Prefix = Read("PREFIX") ?? defaults.Prefix,
            Broker = Read("BROKER") is { } broker ? new Uri(broker) : defaults.Broker,
            LinkSecret = Read("LINK_SECRET") ?? defaults.LinkSecret,
            ServicePasswords = Routes.Services
                .Select(service => (service.Name, Password: Read($"{service.Name.ToUpperInvariant()}_PASSWORD")))
                .Where(service => service.Password is not null)
                .ToDictionary(service => service.Name, service => service.Password!),
            EndpointDeliveryLimit = Number("ENDPOINT_DELIVERY_LIMIT", defaults.EndpointDeliveryLimit),
            LinkDeliveryLimit = Number("LINK_DELIVERY_LIMIT", defaults.LinkDeliveryLimit),
            LinkLengthLimit = Number("LINK_LENGTH_LIMIT", defaults.LinkLengthLimit),
            WaitLengthLimit = Number("WAIT_LENGTH_LIMIT", defaults.WaitLengthLimit),
            Ttls = TimedQueues
                .Where(queue => Read(TtlOf(queue)) is not null)
                .ToDictionary(queue => queue, queue => Duration(TtlOf(queue), default)),
            ConnectionLimit = Number("CONNECTION_LIMIT", defaults.ConnectionLimit),
            QueueLimit = Number("QUEUE_LIMIT", defaults.QueueLimit),
            LinkTimeout = Duration("LINK_TIMEOUT", defaults.LinkTimeout),
        };
    }

    /// <summary>Such as TTL_PAYMENT_DEADLINE for payment-deadline.</summary>
    private static string TtlOf(string queue) => "TTL_" + queue.ToUpperInvariant().Replace('-', '_');

    private static string? Read(string name) =>
        Environment.GetEnvironmentVariable("TOPOLOGY_" + name) is { Length: > 0 } value ? value : null;

    private static int Number(string name, int otherwise) => Read(name) is not { } text
        ? otherwise
        : int.TryParse(text, out var number) && number > 0
            ? number
            : throw new TopologyException($"TOPOLOGY_{name} must be a whole number above zero; it is {text}.");

    private static TimeSpan Duration(string name, TimeSpan otherwise) => Read(name) is not { } text
        ? otherwise
        : TimeSpan.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw new TopologyException($"TOPOLOGY_{name} must be a duration such as 00:01:30; it is {text}.");
}
