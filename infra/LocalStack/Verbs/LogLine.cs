using System.Text.Json;

namespace LocalStack;

/// <summary>The services log JSON, which is for machines; this is the same line for people.</summary>
internal static class LogLine
{
    public static string Readable(string line)
    {
        if (!line.StartsWith('{'))
            return line;
        try
        {
            using var document = JsonDocument.Parse(line);
            var entry = document.RootElement;
            if (!entry.TryGetProperty("Message", out var message))
                return line;
            var time = Text(entry, "Timestamp") is { } stamp && DateTimeOffset.TryParse(stamp, out var at) ? at.ToString("HH:mm:ss.fff") : "";
            var exception = Text(entry, "Exception") is { Length: > 0 } stack ? $" | {stack.Split('\n')[0].Trim()}" : "";
            return $"{time} {Text(entry, "LogLevel"),-11} {Category(entry)}: {message.GetString()}{exception}".TrimStart();
        }
        catch (JsonException)
        {
            return line; // a line that was cut off is shown as it is
        }
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Category(JsonElement entry) => Text(entry, "Category")?.Split('.')[^1] ?? "";
}
