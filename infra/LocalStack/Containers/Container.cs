using System.Globalization;
using System.Text.Json;

namespace LocalStack;

/// <summary>A container of a Compose project.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, such as "shop_orders_1".</param>
/// <param name="Service">The service of docker-compose.yml that it is a container of.</param>
/// <param name="ProjectDirectory">The directory whose docker-compose.yml it was made from.</param>
/// <param name="State">"running", "exited" and so on.</param>
/// <param name="ExitCode">How it ended, if it did.</param>
/// <param name="Health">"starting", "healthy" or "unhealthy"; null where it has no health check.</param>
/// <param name="StartedAt">When it was last started.</param>
/// <param name="Ports">The ports that it publishes on this machine, by the port inside.</param>
/// <param name="Environment">The variables that it was made with.</param>
internal sealed record Container(
    string Id,
    string Name,
    string Service,
    string ProjectDirectory,
    string State,
    int ExitCode,
    string? Health,
    DateTimeOffset StartedAt,
    IReadOnlyDictionary<int, int> Ports,
    IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>Whether it runs.</summary>
    public bool IsRunning => State == "running";

    /// <summary>How it is doing. A deploy step that has done its work is as it should be, too.</summary>
    public PartCondition Condition => (State, Health) switch
    {
        ("running", "healthy") => PartCondition.Ready,
        ("running", null) => PartCondition.Running,
        ("running", _) => PartCondition.NotReady,
        ("exited", null) when ExitCode == 0 => new PartCondition("done", IsGood: true),
        ("exited", _) => PartCondition.Ended,
        _ => new PartCondition(State, IsGood: false),
    };

    /// <summary>Reads what "docker inspect" wrote, without the containers of "docker compose run", in the order of their starts.</summary>
    public static IReadOnlyList<Container> Parse(string json) =>
    [
        .. JsonSerializer.Deserialize<ContainerDescription[]>(json)!
            .Where(description => !description.IsOneOff)
            .Select(Of)
            .OrderBy(container => container.StartedAt),
    ];

    private static Container Of(ContainerDescription description) => new(
        description.Id,
        description.Name.TrimStart('/'),
        description.Service,
        description.ProjectDirectory,
        description.State.Status,
        description.State.ExitCode,
        // Some engines write "none" for a container without a health check, others nothing.
        description.State.Health?.Status is { } health and not "none" ? health : null,
        description.State.StartedAt,
        PublishedPorts(description.HostConfig.PortBindings),
        Variables(description.Config.Env));

    private static Dictionary<int, int> PublishedPorts(IReadOnlyDictionary<string, IReadOnlyList<ContainerDescription.Binding>?>? bindings)
    {
        var ports = new Dictionary<int, int>();
        foreach (var (inside, published) in bindings ?? new Dictionary<string, IReadOnlyList<ContainerDescription.Binding>?>())
        {
            if (published is [var first, ..] && Number(inside.Split('/')[0]) is { } port && Number(first.HostPort) is { } onThisMachine)
                ports[port] = onThisMachine;
        }

        return ports;
    }

    private static Dictionary<string, string> Variables(IReadOnlyList<string>? variables)
    {
        var environment = new Dictionary<string, string>();
        foreach (var variable in variables ?? [])
        {
            if (variable.Split('=', 2) is [var name, var value])
                environment[name] = value;
        }

        return environment;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
