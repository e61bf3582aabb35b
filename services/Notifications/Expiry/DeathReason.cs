using System.Text;
using MassTransit;

namespace Notifications.Expiry;

/// <summary>Why and where the broker took a message off a queue.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Reason">The broker's word, such as <c>expired</c>.</param>
public sealed record Death(string Queue, string Reason);

/// <summary>The broker's words.</summary>
public static class DeathReason
{
    public const string Expired = "expired";
}

/// <summary>Reads the history that RabbitMQ writes on dead-lettered messages.</summary>
public static class DeathHistory
{
    private const string Header = "x-death";

    /// <summary>Why the message left a queue the last time; null when it never did so as a dead letter.</summary>
    public static Death? LastDeathIn(this ReceiveContext context, string queue) =>
        context.TransportHeaders.TryGetHeader(Header, out var value) && value is IEnumerable<object> deaths
            ? deaths.OfType<IDictionary<string, object>>().Select(Read).FirstOrDefault(death => death.Queue == queue)
            : null;

    private static Death Read(IDictionary<string, object> death) => new(Text(death, "queue"), Text(death, "reason"));

    private static string Text(IDictionary<string, object> death, string key) => death.TryGetValue(key, out var value)
        ? value as string ?? Encoding.UTF8.GetString((byte[])value)
        : "";
}
