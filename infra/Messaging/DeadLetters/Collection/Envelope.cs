using System.Text.Json;

namespace Messaging;

/// <summary>What the body of a MassTransit message tells about it, as far as the body can be read.</summary>
internal sealed record Envelope(string? MessageId, string? ConversationId, string? MessageType, Uri? DestinationAddress, Guid? OrderId)
{
    private const int FarTooDeep = 64;
    private const string UrnPrefix = "urn:message:";

    private static readonly JsonReaderOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = FarTooDeep };

    /// <summary>Reads without building anything in memory, for bodies may be large; stops where the JSON breaks off.</summary>
    public static Envelope Read(ReadOnlySpan<byte> body)
    {
        var envelope = new Envelope(null, null, null, null, null);
        var reader = new Utf8JsonReader(body, Lenient);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return envelope;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                envelope = ReadMember(ref reader, envelope);
        }
        catch (JsonException)
        {
            // A letter may well be one because of this; what came before still counts.
        }

        return envelope;
    }

    private static Envelope ReadMember(ref Utf8JsonReader reader, Envelope envelope)
    {
        var name = reader.GetString();
        reader.Read();
        switch (name)
        {
            case "messageId" when reader.TokenType == JsonTokenType.String:
                return envelope with { MessageId = Text(ref reader) };
            case "conversationId" when reader.TokenType == JsonTokenType.String:
                return envelope with { ConversationId = Text(ref reader) };
            case "destinationAddress" when reader.TokenType == JsonTokenType.String:
                return envelope with { DestinationAddress = Uri.TryCreate(Text(ref reader), UriKind.Absolute, out var address) ? address : null };
            case "messageType" when reader.TokenType == JsonTokenType.StartArray:
                return envelope with { MessageType = FirstText(ref reader)?.Replace(UrnPrefix, "", StringComparison.Ordinal) };
            case "message" when reader.TokenType == JsonTokenType.StartObject:
                return envelope with { OrderId = ReadOrderId(ref reader) };
            default:
                reader.Skip();
                return envelope;
        }
    }

    private static string? FirstText(ref Utf8JsonReader reader)
    {
        string? first = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
                first ??= Text(ref reader);
            else
                reader.Skip();
        }

        return first;
    }

    // Every message of an order's life names it so.
    private static Guid? ReadOrderId(ref Utf8JsonReader reader)
    {
        Guid? orderId = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOrderId = reader.ValueTextEquals("orderId"u8);
            reader.Read();
            if (isOrderId && reader.TokenType == JsonTokenType.String && Guid.TryParse(reader.GetString(), out var id))
                orderId = id;
            else
                reader.Skip();
        }

        return orderId;
    }

    private static string Text(ref Utf8JsonReader reader) => AmqpJson.Storable(reader.GetString() ?? "");
}
