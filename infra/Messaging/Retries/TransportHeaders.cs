using System.Globalization;
using System.Text;
using MassTransit;

namespace Messaging;

/// <summary>
/// What this library writes on messages beside the envelope. Names begin with MT- because MassTransit copies other headers to
/// the messages that a consumer sends.
/// </summary>
internal static class TransportHeaders
{
    /// <summary>How many delayed retries a message has had.</summary>
    public const string DelayedRetries = MessageHeaders.RedeliveryCount;

    /// <summary>How often a consumer has been given the message before its latest delivery, retries in place included.</summary>
    public const string Attempts = "MT-Retry-Attempts";

    /// <summary>The letter that the message was replayed from.</summary>
    public const string ReplayOf = "MT-Replay-Of";

    /// <summary>The headers that were dropped because they left no room to say what happened to the message.</summary>
    public const string Dropped = "MT-Dropped-Headers";

    /// <summary>Reads a number; 0 when it is absent or is none.</summary>
    public static int Number(this IDictionary<string, object?>? headers, string name) => headers?.GetValueOrDefault(name) switch
    {
        int number => number,
        long number and >= 0 and <= int.MaxValue => (int)number,
        byte[] text when int.TryParse(Encoding.UTF8.GetString(text), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => 0,
    };

    private static object? GetValueOrDefault(this IDictionary<string, object?> headers, string name) =>
        headers.TryGetValue(name, out var value) ? value : null;
}
