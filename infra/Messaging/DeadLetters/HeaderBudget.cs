using System.Collections;
using System.Text;

namespace Messaging;

/// <summary>
/// All headers of a message have to fit into one AMQP frame; the broker closes the connection over one that does not. A
/// message that came with almost as much would take the service's connection down each time it fails.
/// </summary>
internal static class HeaderBudget
{
    /// <summary>RabbitMQ's default frame is 128 KiB; the properties and what MassTransit adds about the host need some of it.</summary>
    public const int Bytes = 112 * 1024;

    private const int RoomForCounts = 1024;

    /// <summary>Whether a few numbers can be added.</summary>
    public static bool HasRoom(IDictionary<string, object?>? headers) => SizeOf(headers) <= Bytes - RoomForCounts;

    /// <summary>About as many bytes as on the wire, never less.</summary>
    public static int SizeOf(object? value) => value switch
    {
        null or bool => 2,
        string text => 5 + Encoding.UTF8.GetByteCount(text),
        byte[] bytes => 5 + bytes.Length,
        IDictionary<string, object?> table => 5 + table.Sum(entry => 1 + Encoding.UTF8.GetByteCount(entry.Key) + SizeOf(entry.Value)),
        IList list => 5 + list.Cast<object?>().Sum(SizeOf),
        _ => 16,
    };

    /// <summary>Drops the largest headers until <paramref name="room" /> bytes are enough, and says which.</summary>
    public static Dictionary<string, object?> Trim(IDictionary<string, object?> headers, int room)
    {
        var kept = new Dictionary<string, object?>(headers, StringComparer.Ordinal);
        var size = SizeOf(kept);
        var dropped = new List<string>();
        foreach (var (name, value) in headers.OrderByDescending(header => SizeOf(header.Value) + header.Key.Length))
        {
            if (size <= room)
                break;
            kept.Remove(name);
            dropped.Add(name);
            size -= SizeOf(value) + 1 + Encoding.UTF8.GetByteCount(name);
        }

        if (dropped.Count > 0)
            kept[TransportHeaders.Dropped] = Cut(string.Join(", ", dropped), 1024);
        return kept;
    }

    /// <summary>The beginning of a text that is too long.</summary>
    public static string Cut(string text, int characters) => text.Length <= characters ? text : $"{text[..(characters - 1)]}…";
}
