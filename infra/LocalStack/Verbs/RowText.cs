using System.Text;
using System.Text.Json;

namespace LocalStack;

/// <summary>A database row as one line: "column=value", without what is empty, and bytes as text where they are text.</summary>
internal static class RowText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Readable(string row)
    {
        using var document = JsonDocument.Parse(row);
        return string.Join("  ", document.RootElement.EnumerateObject()
            .Where(column => column.Value.ValueKind != JsonValueKind.Null)
            .Select(column => $"{column.Name}={Text(column.Value)}"));
    }

    private static string Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return value.GetRawText();
        var text = value.GetString()!;
        if (!text.StartsWith("\\x", StringComparison.Ordinal))
            return text.ReplaceLineEndings(" / ");
        try
        {
            return Strict.GetString(Convert.FromHexString(text.AsSpan(2)));
        }
        catch (Exception notText) when (notText is DecoderFallbackException or FormatException)
        {
            return text;
        }
    }
}
