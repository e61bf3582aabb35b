using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Topology;

/// <summary>JSON with its members in order, so that two equal values are equal texts.</summary>
[JsonConverter(typeof(CanonicalJsonConverter))]
public sealed record CanonicalJson
{
    private CanonicalJson(string text) => Text = text;

    /// <summary>An object without members.</summary>
    public static CanonicalJson Empty { get; } = new("{}");

    /// <summary>An array without elements.</summary>
    public static CanonicalJson EmptyArray { get; } = new("[]");

    /// <summary>The JSON itself.</summary>
    public string Text { get; }

    /// <summary>An object with the given members.</summary>
    public static CanonicalJson Of(params IEnumerable<(string Name, JsonNode Value)> members) =>
        From(new JsonObject(members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)member.Value))));

    /// <summary>Puts any JSON value in order.</summary>
    public static CanonicalJson From(JsonNode value) => new(Sorted(value)!.ToJsonString());

    /// <summary>The value of a string member, or null.</summary>
    public string? this[string member] => JsonNode.Parse(Text)![member]?.ToString();

    /// <inheritdoc />
    public override string ToString() => Text;

    private static JsonNode? Sorted(JsonNode? value) => value switch
    {
        JsonObject members => new JsonObject(members
            .OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value)))),
        JsonArray elements => new JsonArray([.. elements.Select(Sorted)]),
        _ => value?.DeepClone(),
    };
}

internal sealed class CanonicalJsonConverter : JsonConverter<CanonicalJson>
{
    public override CanonicalJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        CanonicalJson.From(JsonNode.Parse(ref reader) ?? new JsonObject());

    public override void Write(Utf8JsonWriter writer, CanonicalJson value, JsonSerializerOptions options) =>
        JsonNode.Parse(value.Text)!.WriteTo(writer);
}
