using System.Diagnostics;
using System.Globalization;

namespace LocalStack;

/// <summary>The images cannot be built or had; the message says why.</summary>
internal sealed class NoImagesException(string message, Exception innerException) : Exception(message, innerException);

/// <summary>Starts the stack in containers.</summary>
internal sealed class ComposeLauncher(Compose compose, ComposeProject project)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ComposeCommand _command = new(compose, project);

    /// <summary>Builds the images, starts the containers where they do not run, and waits until all are ready.</summary>
    /// <param name="build">Whether to build; else the images are taken as they were built last.</param>
    /// <param name="cancellationToken">Stops what was started.</param>
    /// <exception cref="NoImagesException">There are no images; nothing was changed.</exception>
    /// <exception cref="StackException">A container does not start; everything is stopped again.</exception>
    public async Task<ComposeRunningStack> StartAsync(bool build, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var earlier = await Docker.ContainersAsync(project.Name, cancellationToken);
        if (earlier.FirstOrDefault(container => !project.Owns(container)) is { } foreign)
            throw new StackException($"The checkout in {foreign.ProjectDirectory} has a Compose stack that is called {project.Name}, too. Remove it there (docker compose down), or choose another name here with COMPOSE_PROJECT_NAME in .env, or use --native.");

        try
        {
            await BuildAsync(build, cancellationToken);
            using var ports = PortPlan.For(earlier, DotEnv.Read(project.Directory));
            if (ports.Moved.Count > 0)
                Screen.Warn($"Ports that somebody else has are replaced: {string.Join(", ", ports.Moved)}.");
            Screen.Say("Starting the containers.");
            await Heartbeat.WhileAsync(StartAsync(ports, cancellationToken), "the containers are starting", Screen.Say);
            Screen.Say(string.Create(CultureInfo.InvariantCulture, $"Everything runs, after {clock.Elapsed.TotalSeconds:0} s."));
            return await FindAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is not NoImagesException || earlier.Count == 0)
        {
            if ((await Docker.ContainersAsync(project.Name, CancellationToken.None)).Count > 0)
            {
                Screen.Say("Stopping and removing what was started.");
                await Heartbeat.WhileAsync(_command.DownAsync(volumes: false), "stopping", Screen.Say);
            }

            throw;
        }
    }

    private async Task BuildAsync(bool build, CancellationToken cancellationToken)
    {
        if (!build)
            return;
        Screen.Say("Building the images.");
        try
        {
            await Heartbeat.WhileAsync(_command.BuildAsync(cancellationToken), "still building", Screen.Say);
        }
        catch (StackException failure)
        {
            throw new NoImagesException(failure.Message, failure);
        }
    }

    private async Task StartAsync(PortPlan ports, CancellationToken cancellationToken)
    {
        try
        {
            await _command.StartAsync(ports.Variables, cancellationToken);
        }
        catch (StackException failure)
        {
            // Compose gets all images before it makes the first container.
            throw await ComposeRunningStack.FindAsync(project, cancellationToken) is { } stack
                ? new StackException(await WhyAsync(stack, failure.Message, cancellationToken), failure)
                : new NoImagesException(failure.Message, failure);
        }

        var clock = Stopwatch.StartNew();
        while (true)
        {
            var stack = await FindAsync(cancellationToken);
            if (stack.Containers.All(container => container.Condition.IsGood))
                return;
            if (stack.Containers.Any(container => container.Condition == PartCondition.Ended) || clock.Elapsed > Patience)
                throw new StackException(await WhyAsync(stack, "The containers do not get ready.", cancellationToken));
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }
    }

    private async Task<ComposeRunningStack> FindAsync(CancellationToken cancellationToken) =>
        await ComposeRunningStack.FindAsync(project, cancellationToken) ?? throw new StackException("The containers are gone: somebody else has removed them.");

    /// <summary>What Compose said, and the last words of those who are not as they should be.</summary>
    private static async Task<string> WhyAsync(ComposeRunningStack stack, string said, CancellationToken cancellationToken)
    {
        var lines = new List<string> { said };
        foreach (var part in stack.Parts)
        {
            var condition = await part.ConditionAsync(cancellationToken);
            if (condition.IsGood || condition.Text == "created")
                continue;
            lines.Add($"{part.Name} ({condition.Text}):");
            await foreach (var line in part.ReadLogAsync(last: 20, follow: false, cancellationToken))
                lines.Add($"  {LogLine.Readable(line)}");
        }

        return string.Join('\n', lines);
    }
}
