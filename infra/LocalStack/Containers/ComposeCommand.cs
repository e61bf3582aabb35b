namespace LocalStack;

/// <summary>Compose at work on a project; what it writes goes to a log.</summary>
/// <param name="compose">The program.</param>
/// <param name="project">The project.</param>
internal sealed class ComposeCommand(Compose compose, ComposeProject project)
{
    /// <summary>What Compose and the image builds said.</summary>
    public static string Log => Path.Combine(StackDirectory.Files, "log", "compose.log");

    /// <summary>Builds the images; what has not changed is not built again.</summary>
    public Task BuildAsync(CancellationToken cancellationToken) => RunAsync(["build"], variables: null, cancellationToken);

    /// <summary>Gets the images that are not built here, and starts what does not run, each part when what it depends on is ready.</summary>
    public Task StartAsync(IReadOnlyDictionary<string, string?> variables, CancellationToken cancellationToken) =>
        RunAsync(["up", "--detach"], variables, cancellationToken);

    /// <summary>Stops and removes the containers and their network.</summary>
    /// <param name="volumes">Whether to delete their data, too.</param>
    public Task DownAsync(bool volumes) => RunAsync(
        ["--profile", "telemetry", "down", "--remove-orphans", .. volumes ? ["--volumes"] : Array.Empty<string>()],
        variables: null,
        CancellationToken.None);

    private async Task RunAsync(string[] arguments, IReadOnlyDictionary<string, string?>? variables, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string?>(variables ?? new Dictionary<string, string?>())
        {
            // The directory's name as this checkout has it, not as the shell that was entered through a link.
            ["PWD"] = project.Directory,
        };
        var (code, output, error) = await Command.ExecuteAsync(
            [.. compose.Command, "--project-name", project.Name, .. arguments], environment, project.Directory, cancellationToken);

        Directory.CreateDirectory(Path.GetDirectoryName(Log)!);
        await File.AppendAllTextAsync(Log, $"{string.Join(' ', arguments)}\n{output}{error}\n", CancellationToken.None);
        // Ctrl-C reaches Compose, too, and it ends as if it had failed.
        cancellationToken.ThrowIfCancellationRequested();
        if (code != 0)
            throw new StackException(LastWords(error) ?? LastWords(output) ?? $"{string.Join(' ', arguments)} failed with code {code}");
    }

    /// <summary>The lines in which Compose says what went wrong: that something did, and before it, what.</summary>
    private static string? LastWords(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Any(char.IsLetter)).TakeLast(2).ToArray() is { Length: > 0 } lines
            ? string.Join("; ", lines)
            : null;
}
