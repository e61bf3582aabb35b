namespace Orders;

/// <summary>A list in a response: an object, so that it can grow members.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items);
