using System.Text;

namespace LocalStack;

/// <summary>A mail as the mail server received it.</summary>
/// <param name="Id">Its Message-ID; a mail that is sent twice keeps it.</param>
/// <param name="To">Its recipient.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Body">Its text.</param>
public sealed record ReceivedMail(string Id, string To, string Subject, string Body)
{
    /// <summary>Reads a Maildir; a mail that is still being delivered is not in it yet.</summary>
    /// <param name="maildir">The directory; where it does not exist, there is no mail.</param>
    public static IReadOnlyList<ReceivedMail> ReadAll(string maildir)
    {
        var delivered = Path.Combine(maildir, "new");
        return Directory.Exists(delivered) ? [.. Directory.EnumerateFiles(delivered).Order().Select(Read)] : [];
    }

    /// <summary>The mails about one order: the order's id is part of their Message-ID.</summary>
    public static IReadOnlyList<ReceivedMail> About(Guid order, string maildir) =>
        [.. ReadAll(maildir).Where(mail => mail.Id.Contains(order.ToString(), StringComparison.OrdinalIgnoreCase))];

    private static ReceivedMail Read(string file)
    {
        var text = File.ReadAllText(file, Encoding.Latin1).ReplaceLineEndings("\n");
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var headers = Headers(end < 0 ? text : text[..end]);
        var body = end < 0 ? "" : text[(end + 2)..];
        return new ReceivedMail(
            headers.GetValueOrDefault("message-id", ""),
            headers.GetValueOrDefault("to", ""),
            EncodedWords.Decode(headers.GetValueOrDefault("subject", "")),
            Decode(body, headers.GetValueOrDefault("content-transfer-encoding", "7bit")));
    }

    private static Dictionary<string, string> Headers(string block)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        // A line that begins with a blank continues the one before.
        foreach (var line in block.Replace("\n ", " ", StringComparison.Ordinal).Replace("\n\t", " ", StringComparison.Ordinal).Split('\n'))
        {
            if (line.Split(": ", 2) is [var name, var value])
                headers.TryAdd(name, value);
        }

        return headers;
    }

    private static string Decode(string body, string encoding) => encoding.ToUpperInvariant() switch
    {
        "BASE64" => Encoding.UTF8.GetString(Convert.FromBase64String(body)),
        "QUOTED-PRINTABLE" => QuotedPrintable.Decode(body.Replace("=\n", "", StringComparison.Ordinal)),
        _ => body,
    };
}
