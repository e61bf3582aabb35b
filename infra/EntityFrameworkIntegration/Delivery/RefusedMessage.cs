using System.Globalization;
using System.Text.RegularExpressions;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Tells whose fault a failure is. A broker refuses a message by closing its channel, with a sentence that names the exchange or, if it is
/// too large, the message's size. Whoever else was sending on that channel fails with the same sentence.
/// </summary>
static partial class RefusedMessage
{
    /// <summary>
    /// True if the failure is another message's: it names an exchange that is none of this one's or a size that is not this one's, or a
    /// channel that had been disposed of, after its end, when this one came to it.
    /// </summary>
    public static bool IsAnother(Exception failure, OutboxMessage row)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (Exchange().Match(cause.Message) is { Success: true } match)
                return !IsOf(match.Groups["name"].Value, row);
            if (Size().Match(cause.Message) is { Success: true } size)
                return long.Parse(size.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture) != row.Body.Length;
        }

        return failure.GetBaseException() is ObjectDisposedException;
    }

    static bool IsOf(string exchange, OutboxMessage row)
    {
        // Publishing a polymorphic message declares more exchanges than the one that it is sent to.
        var declaresOthers = row.Transport?.Contains("\"t\":", StringComparison.Ordinal) == true;
        var destination = Uri.UnescapeDataString(new Uri(row.DestinationAddress).Segments[^1]);
        return declaresOthers || destination.Equals(exchange, StringComparison.Ordinal);
    }

    [GeneratedRegex("exchange (name )?'(?<name>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Exchange();

    [GeneratedRegex("message size (?<bytes>[0-9]{1,18})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Size();
}
