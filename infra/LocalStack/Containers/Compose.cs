using System.ComponentModel;

namespace LocalStack;

/// <summary>Docker Compose: the plugin "docker compose", or the program "docker-compose" from 1.29 on.</summary>
/// <param name="Command">What stands in front of its arguments.</param>
/// <param name="Version">Its version, for people.</param>
internal sealed record Compose(IReadOnlyList<string> Command, string Version)
{
    // The first that knows service_completed_successfully.
    private static readonly Version Oldest = new(1, 29);

    /// <summary>Finds one; null, and why, where there is none.</summary>
    public static async Task<(Compose? Compose, string WhyNot)> FindAsync(CancellationToken cancellationToken)
    {
        var whyNot = "Docker Compose is not installed";
        foreach (var command in new string[][] { ["docker", "compose"], ["docker-compose"] })
        {
            var answer = await VersionAsync(command, cancellationToken);
            if (answer is null)
                continue;
            if (IsRecent(answer))
                return (new Compose(command, answer), "");
            whyNot = $"{string.Join(' ', command)} is {answer}, and {Oldest} is the oldest that will do";
        }

        return (null, whyNot);
    }

    /// <inheritdoc cref="FindAsync" />
    /// <exception cref="StackException">There is none.</exception>
    public static async Task<Compose> RequireAsync(CancellationToken cancellationToken) => await FindAsync(cancellationToken) switch
    {
        ({ } compose, _) => compose,
        (_, var whyNot) => throw new StackException($"The stack runs in containers, and {whyNot}."),
    };

    /// <summary>Whether a version such as "v2.24.5" or "1.29.2" will do.</summary>
    public static bool IsRecent(string version) =>
        System.Version.TryParse(version.TrimStart('v').Split('-', '+')[0], out var parsed) && parsed >= Oldest;

    private static async Task<string?> VersionAsync(string[] command, CancellationToken cancellationToken)
    {
        try
        {
            return (await LocalStack.Command.RunAsync([.. command, "version", "--short"], cancellationToken)).Trim();
        }
        catch (Exception missing) when (missing is Win32Exception or StackException)
        {
            return null;
        }
    }
}
