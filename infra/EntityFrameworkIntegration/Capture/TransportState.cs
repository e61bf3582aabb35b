using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit.Serialization;

namespace MassTransit.EntityFrameworkCoreIntegration.Capture;

/// <summary>
/// What a row keeps besides the body. MassTransit's JSON envelope already carries the ids, the addresses and the headers that are
/// text, so for an envelope only the transport's properties and the other headers are written; for any other content type, everything.
/// </summary>
static class TransportState
{
    public static string? Write(OutgoingMessage message)
    {
        var envelope = IsEnvelope(message.ContentType.MediaType);
        // By far the most messages need nothing beside their envelope.
        if (envelope && message is { Properties.Count: 0, PublishedType: null } && message.Headers.All(x => x.Value is string))
            return null;

        JsonObject state = [];

        var headers = Values(message.Headers.Where(x => !envelope || x.Value is not string));
        if (headers.Count > 0)
            state["h"] = headers;

        var properties = Values(message.Properties);
        if (properties.Count > 0)
            state["p"] = properties;

        if (message.PublishedType is not null)
            state["t"] = message.PublishedType;

        if (!envelope)
        {
            Add(state, "requestId", message.RequestId?.ToString());
            Add(state, "correlationId", message.CorrelationId?.ToString());
            Add(state, "conversationId", message.ConversationId?.ToString());
            Add(state, "initiatorId", message.InitiatorId?.ToString());
            Add(state, "sourceAddress", message.SourceAddress?.ToString());
            Add(state, "responseAddress", message.ResponseAddress?.ToString());
            Add(state, "faultAddress", message.FaultAddress?.ToString());
            if (message.MessageTypes is not null)
                state["messageType"] = new JsonArray([.. message.MessageTypes.Select(x => JsonValue.Create(x))]);
        }

        return state.Count > 0 ? state.ToJsonString() : null;
    }

    public static OutgoingMessage Read(OutboxMessage row)
    {
        var contentType = row.ContentType is null ? SystemTextJsonMessageSerializer.JsonContentType : new ContentType(row.ContentType);
        var state = row.Transport is null ? [] : JsonNode.Parse(row.Transport)!.AsObject();
        var known = IsEnvelope(contentType.MediaType) ? JsonNode.Parse(row.Body)!.AsObject() : state;

        List<KeyValuePair<string, object>> headers = [];
        if (!ReferenceEquals(known, state) && known["headers"] is JsonObject texts)
        {
            foreach (var (key, value) in texts)
            {
                if (value is JsonValue text && text.TryGetValue<string>(out var header))
                    headers.Add(new KeyValuePair<string, object>(key, header));
            }
        }

        headers.AddRange(Read(state["h"]));

        return new OutgoingMessage
        {
            Id = row.Id,
            MessageId = row.MessageId,
            DestinationAddress = new Uri(row.DestinationAddress),
            ContentType = contentType,
            Body = row.Body,
            SentTime = row.SentTime,
            Headers = headers,
            Properties = new Dictionary<string, object>(Read(state["p"]), StringComparer.OrdinalIgnoreCase),
            PublishedType = (string?)state["t"],
            RequestId = Id(known["requestId"]),
            CorrelationId = Id(known["correlationId"]),
            ConversationId = Id(known["conversationId"]),
            InitiatorId = Id(known["initiatorId"]),
            SourceAddress = Address(known["sourceAddress"]),
            ResponseAddress = Address(known["responseAddress"]),
            FaultAddress = Address(known["faultAddress"]),
            MessageTypes = known["messageType"] is JsonArray types ? [.. types.Select(x => (string)x!)] : null,
            ExpirationTime = row.ExpirationTime,
            Attempts = row.Attempts,
        };
    }

    /// <summary>What the row's content type column holds.</summary>
    public static string? ContentTypeColumn(OutgoingMessage message)
    {
        var text = message.ContentType.ToString();
        return text.Equals(SystemTextJsonMessageSerializer.JsonContentType.MediaType, StringComparison.Ordinal) ? null : text;
    }

    static bool IsEnvelope(string mediaType)
    {
        return mediaType.Equals(SystemTextJsonMessageSerializer.JsonContentType.MediaType, StringComparison.OrdinalIgnoreCase);
    }

    static void Add(JsonObject state, string key, string? value)
    {
        if (value is not null)
            state[key] = value;
    }

    static Guid? Id(JsonNode? node) => (string?)node is { Length: > 0 } text ? Guid.Parse(text) : null;

    static Uri? Address(JsonNode? node) => (string?)node is { Length: > 0 } text ? new Uri(text) : null;

    // A text and a truth value are written as they are; what JSON would widen keeps its type: {"i":"5"} is the int 5.
    static JsonObject Values(IEnumerable<KeyValuePair<string, object>> values)
    {
        JsonObject result = [];
        foreach (var (key, value) in values)
        {
            JsonNode? node = value switch
            {
                string text => text,
                bool truth => truth,
                int number => Typed("i", number.ToString(CultureInfo.InvariantCulture)),
                long number => Typed("l", number.ToString(CultureInfo.InvariantCulture)),
                short number => Typed("s", number.ToString(CultureInfo.InvariantCulture)),
                byte number => Typed("b", number.ToString(CultureInfo.InvariantCulture)),
                double number => Typed("d", number.ToString("R", CultureInfo.InvariantCulture)),
                float number => Typed("f", number.ToString("R", CultureInfo.InvariantCulture)),
                decimal number => Typed("m", number.ToString(CultureInfo.InvariantCulture)),
                Guid id => Typed("g", id.ToString()),
                Uri address => Typed("u", address.ToString()),
                TimeSpan span => Typed("p", span.ToString("c", CultureInfo.InvariantCulture)),
                DateTime moment => Typed("t", moment.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)),
                DateTimeOffset moment => Typed("o", moment.ToString("O", CultureInfo.InvariantCulture)),
                byte[] bytes => Typed("y", Convert.ToBase64String(bytes)),
                string[] texts => new JsonArray([.. texts.Select(x => JsonValue.Create(x))]),
                // A structured header has no place in a transport's headers; the envelope carries it.
                _ => null,
            };

            if (node is not null)
                result[key] = node;
        }

        return result;
    }

    static JsonObject Typed(string type, string value) => new() { [type] = value };

    static IEnumerable<KeyValuePair<string, object>> Read(JsonNode? node)
    {
        if (node is not JsonObject values)
            yield break;

        foreach (var (key, value) in values)
        {
            yield return new KeyValuePair<string, object>(key, value switch
            {
                JsonArray texts => texts.Select(x => (string)x!).ToArray(),
                JsonObject typed => Value(typed),
                _ when value!.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
                _ => value.GetValue<string>(),
            });
        }
    }

    static object Value(JsonObject typed)
    {
        var (type, node) = typed.Single();
        var text = (string)node!;
        return type switch
        {
            "i" => int.Parse(text, CultureInfo.InvariantCulture),
            "l" => long.Parse(text, CultureInfo.InvariantCulture),
            "s" => short.Parse(text, CultureInfo.InvariantCulture),
            "b" => byte.Parse(text, CultureInfo.InvariantCulture),
            "d" => double.Parse(text, CultureInfo.InvariantCulture),
            "f" => float.Parse(text, CultureInfo.InvariantCulture),
            "m" => decimal.Parse(text, CultureInfo.InvariantCulture),
            "g" => Guid.Parse(text),
            "u" => new Uri(text, UriKind.RelativeOrAbsolute),
            "p" => TimeSpan.ParseExact(text, "c", CultureInfo.InvariantCulture),
            "t" => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
            "o" => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture),
            "y" => Convert.FromBase64String(text),
            _ => throw new InvalidOperationException($"The outbox row has a header of the unknown type '{type}'."),
        };
    }
}
