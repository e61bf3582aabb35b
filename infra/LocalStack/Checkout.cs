namespace LocalStack;

/// <summary>Where this checkout of the repository is, and where its stack and its test runs keep their files.</summary>
public static class Checkout
{
    /// <summary>The directory that holds Microservices.sln, searched upwards from the running program.</summary>
    /// <exception cref="StackException">The program runs outside a checkout.</exception>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>Whether STACK_DIRECTORY names another place than this checkout's own.</summary>
    public static bool HasOwnStackDirectory => Environment.GetEnvironmentVariable("STACK_DIRECTORY") is { Length: > 0 };

    /// <summary>
    /// Data, logs and settings of everything started from this checkout, not under version control: .stack, unless the
    /// environment variable STACK_DIRECTORY names another place.
    /// </summary>
    public static string StackDirectory =>
        Environment.GetEnvironmentVariable("STACK_DIRECTORY") is { Length: > 0 } elsewhere
            ? Path.GetFullPath(elsewhere)
            : Path.Combine(Root, ".stack");

    private static string Find(string start)
    {
        for (var directory = new DirectoryInfo(start); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Microservices.sln")))
                return directory.FullName;
        }

        throw new StackException($"There is no Microservices.sln above {start}: the local stack runs from a checkout of the repository.");
    }
}
