namespace Messaging;

/// <summary>Which letters to replay: either by id, or all waiting ones that a filter finds, oldest first.</summary>
/// <param name="Ids">The letters, in the order to replay them.</param>
/// <param name="Filter">Instead of ids.</param>
/// <param name="Limit">How many of those that the filter finds at most, 1 to 1000; 100 by default.</param>
/// <param name="WatchSeconds">How long the first letter has to stay away before the rest follows, 0 to 30; 2 by default.</param>
internal sealed record ReplaySelection(
    IReadOnlyList<Guid>? Ids = null,
    LetterFilter? Filter = null,
    int Limit = ReplaySelection.DefaultLimit,
    int WatchSeconds = ReplaySelection.DefaultWatchSeconds)
{
    public const int MaxLetters = 1000;
    private const int DefaultLimit = 100;
    private const int DefaultWatchSeconds = 2;
    private const int MaxWatchSeconds = 30;

    /// <summary>The members that are wrong, with the rule that each breaks.</summary>
    public Dictionary<string, string[]> Mistakes()
    {
        var mistakes = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (Ids is null == Filter is null)
            mistakes["ids"] = ["Give either ids or a filter."];
        if (Ids is { } ids && ids.Count is < 1 or > MaxLetters)
            mistakes["ids"] = [$"1 to {MaxLetters} letters at a time."];
        if (Ids is { } list && list.Distinct().Count() != list.Count)
            mistakes["ids"] = ["Each letter once."];
        if (Limit is < 1 or > MaxLetters)
            mistakes["limit"] = [$"1 to {MaxLetters}."];
        if (WatchSeconds is < 0 or > MaxWatchSeconds)
            mistakes["watchSeconds"] = [$"0 to {MaxWatchSeconds}."];
        return mistakes;
    }
}

/// <summary>One result for each letter, in the order in which they were taken.</summary>
internal sealed record ReplayReport(IReadOnlyList<ReplayResult> Items);
