namespace Orders.Lifecycle;

/// <summary>One accepted event in an order's life. Unique on order and version; written once, never changed.</summary>
public sealed class JournalEntry
{
    public required Guid OrderId { get; init; }

    public required int Version { get; init; }

    /// <summary>The state that the order entered.</summary>
    public required string Status { get; init; }

    public string? Reason { get; init; }

    public required DateTimeOffset At { get; init; }
}
