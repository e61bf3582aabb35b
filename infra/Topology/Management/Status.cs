namespace Topology;

/// <summary>What a shovel says of itself; <c>running</c> means connected, not that it moves anything.</summary>
internal sealed record ShovelStatus(string Vhost, string Name, string State, string? Reason);

/// <summary>What waits in a queue. The broker refreshes these figures every few seconds.</summary>
internal sealed record QueueStatus(long Messages, long MessagesUnacknowledged, QueueRates? MessageStats)
{
    /// <summary>Messages settled since the queue was declared or the broker started.</summary>
    public long Acknowledged => MessageStats?.Ack ?? 0;
}

internal sealed record QueueRates(long Ack);
