using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hosting;

/// <summary>
/// What is wrong with a JSON body, as the field and the rule. The serializer says it in words of its own, with type names that
/// mean nothing to a caller; what is not recognized here is passed on as it says it.
/// </summary>
internal static partial class JsonMistake
{
    private static readonly string[] Required = ["is required"];

    public static Dictionary<string, string[]> Errors(JsonException json)
    {
        var path = (json.Path ?? "$").Replace("$.", "", StringComparison.Ordinal);

        if (MissingMembers().Match(json.Message) is { Success: true } missing)
        {
            return missing.Groups["names"].Value.Split(',')
                .ToDictionary(name => Join(path, name.Trim(' ', '\'', '.')), _ => Required, StringComparer.Ordinal);
        }

        if (UnknownMember().Match(json.Message) is { Success: true } unknown)
            return One(EndsWith(path, unknown.Groups["name"].Value), "is unknown");

        if (DuplicateMember().Match(json.Message) is { Success: true } duplicate)
            return One(EndsWith(path, duplicate.Groups["name"].Value), "stands there twice");

        if (json.Message.Contains("null", StringComparison.Ordinal) && json.Message.Contains("nullable", StringComparison.Ordinal))
            return One(NullMember().Match(json.Message) is { Success: true } member ? EndsWith(path, Camel(member.Groups["name"].Value)) : path, "must not be null");

        if (WrongType().Match(json.Message) is { Success: true } wrong)
            return One(path, $"must be {Expected(wrong.Groups["type"].Value)}");

        return One(path, path == "$" ? "is not JSON" : $"is not JSON from here on: {FirstSentence(json.Message)}");
    }

    private static Dictionary<string, string[]> One(string field, string rule) => new(StringComparer.Ordinal) { [field] = [rule] };

    private static string Join(string path, string name) => path == "$" ? name : $"{path}.{name}";

    // The serializer's path stops sometimes at the member and sometimes at what holds it.
    private static string EndsWith(string path, string name) =>
        path == name || path.EndsWith($".{name}", StringComparison.Ordinal) ? path : Join(path, name);

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    private static string Expected(string type) => type switch
    {
        "System.String" => "a string",
        "System.Boolean" => "true or false",
        "System.Int16" or "System.Int32" or "System.Int64" => "a whole number",
        "System.Decimal" or "System.Double" => "a number",
        "System.Guid" => "a GUID",
        _ when type.Contains("List`", StringComparison.Ordinal) || type.EndsWith("[]", StringComparison.Ordinal) => "a list",
        _ => "an object",
    };

    private static string FirstSentence(string message) => message[..(message.IndexOf(". ", StringComparison.Ordinal) is var end and >= 0 ? end : message.Length)];

    [GeneratedRegex("missing required properties including: (?<names>.+?)\\.(?: Path:|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MissingMembers();

    [GeneratedRegex("The JSON property '(?<name>[^']*)' could not be mapped", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UnknownMember();

    [GeneratedRegex("Duplicate property '(?<name>[^']*)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DuplicateMember();

    [GeneratedRegex("property or field '(?<name>[^']*)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NullMember();

    [GeneratedRegex("could not be converted to (?<type>[^ ]+?)\\.? ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WrongType();
}
