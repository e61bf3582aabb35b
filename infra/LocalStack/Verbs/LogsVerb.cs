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
        var state = StackState.Read(StackDirectory.Path)
            ?? throw new StackException("No stack runs from this checkout. Start it with: infra/stack up");

        StackPart[] parts = [.. state.Parts.Where(part => part.Kind != StackParts.PortMapper && (name is null || part.Name == name || part.Kind == name))];
        if (parts.Length == 0)
            throw new StackException($"There is no {name}; the parts are {string.Join(", ", state.Parts.Select(part => part.Name))}.");

        var logs = parts.Select(part => new LogFile(part.Name, part.Log)).ToList();
        foreach (var log in logs)
        {
            if (parts.Length > 1)
                Screen.Title(log.Name);
            foreach (var line in log.ReadNew().TakeLast(parts.Length > 1 ? Lines / 4 : Lines))
                Screen.Say(LogLine.Readable(line));
        }

        while (follow && !cancellationToken.IsCancellationRequested)
        {
            foreach (var log in logs)
                foreach (var line in log.ReadNew())
                    Screen.Say(parts.Length > 1 ? $"{log.Name,-14} {LogLine.Readable(line)}" : LogLine.Readable(line));
            await Task.Delay(TimeSpan.FromMilliseconds(300), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return 0;
    }

    /// <summary>A log that others append to, read up to its last complete line.</summary>
    private sealed class LogFile(string name, string path)
    {
        private long _position;

        public string Name => name;

        public string[] ReadNew()
        {
            if (!File.Exists(path))
                return [];
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(_position, SeekOrigin.Begin);
            using var reader = new StreamReader(stream);
            var text = reader.ReadToEnd();
            var end = text.LastIndexOf('\n') + 1;
            _position += System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
            return text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}
