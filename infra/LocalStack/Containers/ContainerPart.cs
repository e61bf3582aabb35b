using System.Runtime.CompilerServices;

namespace LocalStack;

/// <summary>A part of a stack that is a container.</summary>
/// <param name="container">The container, as it was when the stack was looked at.</param>
/// <param name="isOneOfSeveral">Whether its service has more of them.</param>
internal sealed class ContainerPart(Container container, bool isOneOfSeveral) : RunningPart
{
    public override string Name => isOneOfSeveral ? container.Name : container.Service;

    public override string Kind => container.Service;

    public override int Port => PublishedPort.All.FirstOrDefault(published => published.Service == container.Service)?.Of([container]) ?? 0;

    public override string RunsAs => $"container {container.Id[..12]}";

    public override string LogPlace => $"docker logs {container.Name}";

    public override Task<PartCondition> ConditionAsync(CancellationToken cancellationToken) => Task.FromResult(container.Condition);

    public override async IAsyncEnumerable<string> ReadLogAsync(
        int? last,
        bool follow,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string[] command = ["docker", "logs", "--tail", last?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "all", .. follow ? ["--follow"] : Array.Empty<string>(), container.Id];
        await foreach (var line in Command.StreamAsync(command, cancellationToken))
            yield return line;
    }
}
