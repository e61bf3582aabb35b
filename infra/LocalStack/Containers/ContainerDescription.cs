namespace LocalStack;

/// <summary>The part of what "docker inspect" tells about a container that is used here, under the engine's own names.</summary>
internal sealed record ContainerDescription(
    string Id,
    string Name,
    ContainerDescription.CurrentState State,
    ContainerDescription.Settings Config,
    ContainerDescription.HostSettings HostConfig)
{
    /// <summary>The Compose service.</summary>
    public string Service => Label("com.docker.compose.service");

    /// <summary>The directory of the Compose file.</summary>
    public string ProjectDirectory => Label("com.docker.compose.project.working_dir");

    /// <summary>Whether "docker compose run" made it.</summary>
    public bool IsOneOff => string.Equals(Label("com.docker.compose.oneoff"), "true", StringComparison.OrdinalIgnoreCase);

    private string Label(string name) => Config.Labels?.GetValueOrDefault(name) ?? "";

    internal sealed record CurrentState(string Status, int ExitCode, DateTimeOffset StartedAt, Probe? Health);

    internal sealed record Probe(string Status);

    internal sealed record Settings(IReadOnlyList<string>? Env, IReadOnlyDictionary<string, string>? Labels);

    /// <summary>Bindings by "8080/tcp", as they were asked for: a stopped container has them, too.</summary>
    internal sealed record HostSettings(IReadOnlyDictionary<string, IReadOnlyList<Binding>?>? PortBindings);

    internal sealed record Binding(string HostPort);
}
