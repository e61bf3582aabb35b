using System.Security.Cryptography;
using System.Text;

namespace LocalStack;

/// <summary>The name under which Compose knows this checkout's containers, network and volumes.</summary>
/// <param name="Name">As docker compose itself would choose it in this directory, so that both mean the same stack.</param>
/// <param name="Directory">Where docker-compose.yml is.</param>
internal sealed record ComposeProject(string Name, string Directory)
{
    /// <summary>The label that Compose puts on everything, with the project's name.</summary>
    public const string Label = "com.docker.compose.project";

    /// <summary>This checkout's. A stack whose files are elsewhere (STACK_DIRECTORY) is one of its own.</summary>
    public static ComposeProject OfCheckout
    {
        get
        {
            var name = DefaultName(
                Environment.GetEnvironmentVariable("COMPOSE_PROJECT_NAME") is { Length: > 0 } given
                    ? given
                    : DotEnv.Read(Checkout.Root).GetValueOrDefault("COMPOSE_PROJECT_NAME", ""),
                Checkout.Root);
            return new ComposeProject(Checkout.HasOwnStackDirectory ? $"{name}-{ShortHash(Checkout.StackDirectory)}" : name, Checkout.Root);
        }
    }

    /// <summary>The name that docker compose chooses: what it is told, or the directory's name in the characters that it allows.</summary>
    public static string DefaultName(string told, string directory)
    {
        if (told.Length > 0)
            return told;
        var name = new string([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)).ToLowerInvariant().Where(IsAllowed)]).TrimStart('-', '_');
        return name.Length > 0 ? name : "default";
    }

    /// <summary>Whether a container of this name was made from this directory; another checkout may use the same name.</summary>
    public bool Owns(Container container) => string.Equals(
        container.ProjectDirectory,
        Directory,
        OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    private static bool IsAllowed(char letter) => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_';

    private static string ShortHash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8];
}
