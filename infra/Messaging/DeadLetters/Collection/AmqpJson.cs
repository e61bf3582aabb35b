using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>
/// AMQP header values as JSON that reads well and gives the same values back. What is text to people is a JSON string; types
/// that JSON does not know stand in an object that names them, such as <c>{"int32": 3}</c> or <c>{"bytes": "…"}</c>.
/// </summary>
internal static class AmqpJson
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a header table.</summary>
    public static JsonObject Write(IDictionary<string, object?>? table)
    {
        var json = new JsonObject();
        foreach (var (name, value) in table ?? new Dictionary<string, object?>())
            json[Storable(name)] = Write(value);
        return json;
    }

    /// <summary>Reads what <see cref="Write(IDictionary{string, object?}?)" /> wrote.</summary>
    public static Dictionary<string, object?> Read(JsonObject json) => json.ToDictionary(entry => entry.Key, entry => Read(entry.Value), StringComparer.Ordinal);

    /// <summary>PostgreSQL's text can hold any character but this one.</summary>
    public static string Storable(string text) => text.Replace('\0', '\uFFFD');

    /// <summary>Header text for people and filters; null when there is none.</summary>
    public static string? Text(object? value) => value switch
    {
        null => null,
        byte[] bytes => Storable(Encoding.UTF8.GetString(bytes)),
        _ => Storable(Convert.ToString(value) ?? ""),
    };

    private static JsonNode? Write(object? value) => value switch
    {
        null => null,
        bool boolean => boolean,
        long number => number,
        string text when !text.Contains('\0') => text,
        string text => Tagged("bytes", Convert.ToBase64String(Encoding.UTF8.GetBytes(text))),
        byte[] bytes => AsText(bytes) is { } text ? text : Tagged("bytes", Convert.ToBase64String(bytes)),
        int number => Tagged("int32", number),
        uint number => Tagged("uint32", number),
        short number => Tagged("int16", number),
        ushort number => Tagged("uint16", number),
        byte number => Tagged("uint8", number),
        sbyte number => Tagged("int8", number),
        float number => Tagged("float", BitConverter.SingleToInt32Bits(number)),
        double number => Tagged("double", BitConverter.DoubleToInt64Bits(number)),
        decimal number => Tagged("decimal", number.ToString()),
        AmqpTimestamp time => Tagged("timestamp", time.UnixTime),
        BinaryTableValue binary => Tagged("binary", Convert.ToBase64String(binary.Bytes)),
        IDictionary<string, object?> table => Tagged("table", Write(table)),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(Write)]),
        _ => throw new NotSupportedException($"AMQP has no {value.GetType()}."),
    };

    private static object? Read(JsonNode? json) => json switch
    {
        null => null,
        JsonArray array => array.Select(Read).ToList(),
        JsonObject tagged => Untagged(tagged.Single()),
        _ => json.GetValueKind() switch
        {
            JsonValueKind.String => Encoding.UTF8.GetBytes(json.GetValue<string>()),
            JsonValueKind.Number => json.GetValue<long>(),
            _ => json.GetValue<bool>(),
        },
    };

    private static object? Untagged(KeyValuePair<string, JsonNode?> tagged)
    {
        var value = tagged.Value!;
        return tagged.Key switch
        {
            "bytes" => Convert.FromBase64String(value.GetValue<string>()),
            "int32" => value.GetValue<int>(),
            "uint32" => value.GetValue<uint>(),
            "int16" => value.GetValue<short>(),
            "uint16" => value.GetValue<ushort>(),
            "uint8" => value.GetValue<byte>(),
            "int8" => value.GetValue<sbyte>(),
            "float" => BitConverter.Int32BitsToSingle(value.GetValue<int>()),
            "double" => BitConverter.Int64BitsToDouble(value.GetValue<long>()),
            "decimal" => decimal.Parse(value.GetValue<string>()),
            "timestamp" => new AmqpTimestamp(value.GetValue<long>()),
            "binary" => new BinaryTableValue(Convert.FromBase64String(value.GetValue<string>())),
            "table" => Read(value.AsObject()),
            _ => throw new NotSupportedException($"{tagged.Key} is no AMQP type."),
        };
    }

    private static JsonObject Tagged(string type, JsonNode? value) => new() { [type] = value };

    private static string? AsText(byte[] bytes)
    {
        try
        {
            var text = StrictUtf8.GetString(bytes);
            return text.Contains('\0') ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
