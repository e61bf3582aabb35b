using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Topology;

/// <summary>
/// What queues and exchanges are set to. Policies rather than queue arguments: they can be changed while messages wait, and
/// MassTransit copies arguments to the queues of its own making. Names are exact, so nothing is matched by accident.
/// </summary>
internal static class Policies
{
    /// <summary>
    /// Higher than a letter will ever need: on RabbitMQ 4 a queue without a limit drops what comes back twenty times, and
    /// there is nowhere to go from here.
    /// </summary>
    private const int NoDeliveryLimit = 1_000_000_000;

    public static Policy Endpoint(string virtualHost, string queue, TopologyOptions options) =>
        ForQueue(virtualHost, queue, [("delivery-limit", options.EndpointDeliveryLimit), .. DeadLettering(Names.DeadLetters)]);

    public static Policy ExpiringEndpoint(
        string virtualHost, string queue, TimeSpan lifetime, string expiredInto, TopologyOptions options) =>
        ForQueue(
            virtualHost,
            queue,
            [("delivery-limit", options.EndpointDeliveryLimit), Ttl(lifetime), .. DeadLettering(expiredInto)]);

    public static Policy LinkQueue(string virtualHost, string queue, TopologyOptions options) =>
        ForQueue(
            virtualHost,
            queue,
            [
                ("delivery-limit", options.LinkDeliveryLimit),
                ("max-length", options.LinkLengthLimit),
                .. DeadLettering(Names.DeadLetters),
            ]);

    public static Policy WaitQueue(string virtualHost, string queue, TimeSpan delay, string exchange, TopologyOptions options) =>
        ForQueue(virtualHost, queue, [Ttl(delay), ("max-length", options.WaitLengthLimit), .. DeadLettering(exchange)]);

    public static Policy DeadLetters(string virtualHost) =>
        ForQueue(virtualHost, Names.DeadLetters, [("delivery-limit", NoDeliveryLimit)]);

    /// <summary>A message that no binding wants goes to dead-letters, never into the void. Probes alone may vanish.</summary>
    public static IEnumerable<Policy> AlternateExchanges(IEnumerable<Exchange> exchanges) => exchanges
        .Where(exchange => exchange.Name != Names.DeadLetters && !Names.IsProbe(exchange.Name))
        .GroupBy(exchange => exchange.Vhost, exchange => exchange.Name)
        .Select(names => new Policy(
            names.Key,
            "alternate-exchange",
            $"^({string.Join('|', names.Distinct().Order(StringComparer.Ordinal).Select(Regex.Escape))})$",
            "exchanges",
            CanonicalJson.Of(("alternate-exchange", Names.DeadLetters))));

    private static Policy ForQueue(string virtualHost, string queue, IEnumerable<(string, JsonNode)> definition) =>
        new(virtualHost, queue, $"^{Regex.Escape(queue)}$", "queues", CanonicalJson.Of(definition));

    private static (string, JsonNode) Ttl(TimeSpan time) => ("message-ttl", (long)time.TotalMilliseconds);

    /// <summary>At least once: the message leaves its queue when the dead letter's is safe. Asks for reject-publish.</summary>
    private static IEnumerable<(string, JsonNode)> DeadLettering(string exchange) =>
    [
        ("dead-letter-exchange", exchange),
        ("dead-letter-strategy", "at-least-once"),
        ("overflow", "reject-publish"),
    ];
}
