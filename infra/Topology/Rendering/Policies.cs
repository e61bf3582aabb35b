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

    public static Policy LinkQueue(string virtualHost, string queue, TopologyOptions options) =>
        ForQueue(
            virtualHost,
            queue,
            [
                ("delivery-limit", options.LinkDeliveryLimit),
                ("max-length", options.LinkLengthLimit),
                .. DeadLettering(Names.DeadLetters),
            ]);

    public static Policy DeadLetters(string virtualHost) =>
        ForQueue(virtualHost, Names.DeadLetters, [("delivery-limit", NoDeliveryLimit)]);

    /// <summary>A message that no binding wants goes to dead-letters, never into the void.</summary>
    public static Policy AlternateExchange(string virtualHost, IEnumerable<string> exchanges) =>
        new(
            virtualHost,
            "alternate-exchange",
            $"^({string.Join('|', exchanges.Order(StringComparer.Ordinal).Select(Regex.Escape))})$",
            "exchanges",
            CanonicalJson.Of(("alternate-exchange", Names.DeadLetters)));

    private static Policy ForQueue(string virtualHost, string queue, IEnumerable<(string, JsonNode)> definition) =>
        new(virtualHost, queue, $"^{Regex.Escape(queue)}$", "queues", CanonicalJson.Of(definition));

    /// <summary>At least once: the message leaves its queue when the dead letter's is safe. Asks for reject-publish.</summary>
    private static IEnumerable<(string, JsonNode)> DeadLettering(string exchange) =>
    [
        ("dead-letter-exchange", exchange),
        ("dead-letter-strategy", "at-least-once"),
        ("overflow", "reject-publish"),
    ];
}
