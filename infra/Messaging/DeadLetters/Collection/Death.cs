using System.Globalization;
using MassTransit;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>Why and where a message died.</summary>
internal sealed record Death(string Reason, string? Queue, string? Exchange, string RoutingKey, DateTime? At)
{
    /// <summary>
    /// Reads it from a delivery of the dead-letter queue. Faults and skipped messages were moved there by the service and say
    /// so in headers; what the broker dead-lettered tells in x-death; what nobody was bound for still has its own exchange.
    /// </summary>
    public static Death Of(IDictionary<string, object?>? headers, string exchange, string routingKey)
    {
        if (exchange != DeadLetterQueue.Name)
            return new Death(DeathReason.Unroutable, Queue: null, exchange, routingKey, At: null);

        var moved = Moved(headers, routingKey);
        var dropped = Dropped(headers);

        // A fault that went through a wait queue before has both; what happened later is the cause. x-death counts whole seconds.
        return (moved, dropped) switch
        {
            (null, null) => new Death(DeathReason.Unknown, Queue: null, Exchange: null, routingKey, At: null),
            (null, _) => dropped,
            (_, null) => moved,
            _ => dropped.At > moved.At ? dropped : moved,
        };
    }

    private static Death? Moved(IDictionary<string, object?>? headers, string routingKey)
    {
        switch (Header(headers, MessageHeaders.Reason))
        {
            case "fault":
                var at = DateTime.TryParse(
                    Header(headers, MessageHeaders.FaultTimestamp), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time)
                    ? time
                    : (DateTime?)null;
                return new Death(DeathReason.Fault, LastSegment(Header(headers, MessageHeaders.FaultInputAddress)), Exchange: null, routingKey, at);
            case { } reason when reason.StartsWith(DeadLetterQueue.SkippedReason, StringComparison.Ordinal):
                return new Death(DeathReason.Skipped, reason[DeadLetterQueue.SkippedReason.Length..], Exchange: null, routingKey, At: null);
            default:
                return null;
        }
    }

    // The broker writes the latest death first.
    private static Death? Dropped(IDictionary<string, object?>? headers)
    {
        if (headers is null || !headers.TryGetValue("x-death", out var deaths)
            || deaths is not IList<object?> { Count: > 0 } list || list[0] is not IDictionary<string, object?> death)
            return null;

        var routingKeys = death.TryGetValue("routing-keys", out var keys) ? keys as IList<object?> : null;
        return new Death(
            Header(death, "reason") ?? DeathReason.Unknown,
            Header(death, "queue"),
            Header(death, "exchange"),
            AmqpJson.Text(routingKeys?.FirstOrDefault()) ?? "",
            death.TryGetValue("time", out var time) && time is AmqpTimestamp stamp
                ? DateTimeOffset.FromUnixTimeSeconds(stamp.UnixTime).UtcDateTime
                : null);
    }

    private static string? Header(IDictionary<string, object?>? headers, string name) =>
        headers is not null && headers.TryGetValue(name, out var value) ? AmqpJson.Text(value) : null;

    internal static string? LastSegment(string? address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) ? LastSegment(uri) : null;

    internal static string? LastSegment(Uri? address) =>
        address is null ? null : AmqpJson.Storable(Uri.UnescapeDataString(address.AbsolutePath.Split('/')[^1]));
}

/// <summary>The reasons for which messages end in the dead letters; the last three are the broker's own words.</summary>
internal static class DeathReason
{
    /// <summary>A consumer failed for good, or the message could not be read.</summary>
    public const string Fault = "fault";

    /// <summary>The endpoint has no consumer for the message.</summary>
    public const string Skipped = "skipped";

    /// <summary>No queue is bound for it.</summary>
    public const string Unroutable = "unroutable";

    /// <summary>It was put there without a word.</summary>
    public const string Unknown = "unknown";

    /// <summary>It came back unacknowledged too often: each time, whoever had it died.</summary>
    public const string DeliveryLimit = "delivery_limit";

    public const string Expired = "expired";
}
