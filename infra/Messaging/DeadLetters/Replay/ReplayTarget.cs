namespace Messaging;

/// <summary>Where a letter is sent again.</summary>
internal sealed record ReplayTarget(string Exchange, string RoutingKey)
{
    private const string LinkQueuePrefix = "to-";

    /// <summary>
    /// The queue it came from, through the exchange of the queue's name: a service may not write to the default exchange. What
    /// died on its way to another service, or found no queue, goes to its original exchange.
    /// </summary>
    /// <returns>Null when the letter does not tell where it came from.</returns>
    public static ReplayTarget? Of(DeadLetter letter) => letter switch
    {
        { OriginQueue: { Length: > 0 } queue } when !queue.StartsWith(LinkQueuePrefix, StringComparison.Ordinal) => new(queue, letter.RoutingKey),
        { OriginExchange: { Length: > 0 } exchange } => new(exchange, letter.RoutingKey),
        _ => null,
    };
}
