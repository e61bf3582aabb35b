namespace LocalStack;

/// <summary>"logs": the last lines of one part's log, or of all, and what follows.</summary>
internal static class LogsVerb
{
    private const int Lines = 40;

    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var follow = arguments.Flag("--follow") || arguments.Flag("-f");
        var name = arguments.Next();
        arguments.End();
        var stack = await RunningStack.RequireAsync(cancellationToken);

        RunningPart[] parts = [.. stack.Parts.Where(part => part.HasLog && (name is null || part.Name == name || part.Kind == name))];
        if (parts.Length == 0)
            throw new StackException($"There is no {name}; the parts are {string.Join(", ", stack.Parts.Select(part => part.Name))}.");

        var last = parts.Length > 1 ? Lines / 4 : Lines;
        if (follow)
        {
            await Task.WhenAll(parts.Select(part => FollowAsync(part, last, parts.Length > 1 ? $"{part.Name,-14} " : "", cancellationToken)));
            return 0;
        }

        foreach (var part in parts)
        {
            if (parts.Length > 1)
                Screen.Title(part.Name);
            await foreach (var line in part.ReadLogAsync(last, follow: false, cancellationToken))
                Screen.Say(LogLine.Readable(line));
        }

        return 0;
    }

    private static async Task FollowAsync(RunningPart part, int last, string prefix, CancellationToken cancellationToken)
    {
        await foreach (var line in part.ReadLogAsync(last, follow: true, cancellationToken))
            Screen.Say(prefix + LogLine.Readable(line));
    }
}
