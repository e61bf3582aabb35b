using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Orders.Submission;

/// <summary>
/// The Idempotency-Key request header (draft-ietf-httpapi-idempotency-key-header): a quoted string of a structured field.
/// Clients that leave the quotes out mean the same key.
/// </summary>
internal static partial class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    public const string Rule = "must be a quoted string of 1 to 200 printable ASCII characters, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

    public static bool TryParse(string? header, [NotNullWhen(true)] out string? key)
    {
        var match = Pattern().Match(header ?? "");
        key = match.Groups["quoted"] is { Success: true } quoted ? Escape().Replace(quoted.Value, "${escaped}") : match.Groups["bare"].Value;
        return match.Success;
    }

    // RFC 8941: inside the quotes, a backslash escapes a quote or a backslash and nothing else.
    [GeneratedRegex("""^\s*(?:"(?<quoted>(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,200})"|(?<bare>[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,200}))\s*\z""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();

    [GeneratedRegex("""\\(?<escaped>["\\])""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escape();
}
