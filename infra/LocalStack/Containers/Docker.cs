using System.ComponentModel;

namespace LocalStack;

/// <summary>The docker command.</summary>
internal static class Docker
{
    // The engine may be another machine's, or hang.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>The version of the engine that answers; null, and why, where none does.</summary>
    public static async Task<(string? Version, string WhyNot)> FindEngineAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var version = await Command.RunAsync(["docker", "version", "--format", "{{.Server.Version}}"], patience.Token);
            return (version.Trim(), "");
        }
        catch (Win32Exception)
        {
            return (null, "there is no docker command");
        }
        catch (StackException)
        {
            return (null, "no Docker engine answers the docker command");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"the Docker engine does not answer within {Patience.TotalSeconds:0} seconds");
        }
    }

    /// <summary>The containers of a Compose project, running or not; none where no engine answers.</summary>
    public static async Task<IReadOnlyList<Container>> ContainersAsync(string project, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var ids = await ListAsync(["ps", "--all", "--quiet", "--no-trunc", "--filter", $"label={ComposeProject.Label}={project}"], cancellationToken);
            if (ids.Count == 0)
                return [];
            try
            {
                return Container.Parse(await Command.RunAsync(["docker", "inspect", "--type", "container", .. ids], cancellationToken));
            }
            catch (StackException) when (attempt < 3)
            {
                // One of them was removed between the two questions.
            }
        }
    }

    /// <summary>The volumes of a Compose project; none where no engine answers.</summary>
    public static Task<IReadOnlyList<string>> VolumesAsync(string project, CancellationToken cancellationToken) =>
        ListAsync(["volume", "ls", "--quiet", "--filter", $"label={ComposeProject.Label}={project}"], cancellationToken);

    /// <summary>The containers of a test run.</summary>
    public static Task<IReadOnlyList<string>> ContainersOfTestRunAsync(TestRunDirectory run, CancellationToken cancellationToken) =>
        ListAsync(["ps", "--all", "--quiet", "--filter", $"label={ServerContainer.Label}={run.Path}"], cancellationToken);

    private static async Task<IReadOnlyList<string>> ListAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var output = await Command.RunAsync(["docker", .. arguments], patience.Token);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        }
        catch (Exception none) when (none is Win32Exception or StackException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }
}
