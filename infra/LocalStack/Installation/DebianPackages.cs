namespace LocalStack;

/// <summary>The Debian packages that the native servers are made of.</summary>
public static class DebianPackages
{
    private const string PolicyFile = "/usr/sbin/policy-rc.d";

    /// <summary>What the native servers are made of.</summary>
    public static IReadOnlyList<string> OfServers { get; } = ["rabbitmq-server", "postgresql", "nginx", "python3-aiosmtpd"];

    /// <summary>
    /// Installs what is missing of these packages when running as root; says so first. The system-wide servers that
    /// the packages bring are neither started now nor at the next boot.
    /// </summary>
    /// <param name="packages">The packages' names.</param>
    /// <param name="mayInstall">Whether to install at all; with the environment variable STACK_NO_INSTALL set, never.</param>
    /// <param name="say">Tells the user what happens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StackException">Packages are missing and may or can not be installed; the message names them.</exception>
    public static async Task EnsureAsync(
        IReadOnlyList<string> packages,
        bool mayInstall,
        Action<string> say,
        CancellationToken cancellationToken = default)
    {
        var missing = await MissingAsync(packages, cancellationToken);
        if (missing.Count == 0)
            return;

        var names = string.Join(' ', missing);
        if (!mayInstall || Environment.GetEnvironmentVariable("STACK_NO_INSTALL") is { Length: > 0 })
            throw new StackException($"These Debian packages are missing, and installing is not allowed: {names}. Install them with: apt-get install {names}");
        if (!File.Exists("/usr/bin/apt-get"))
            throw new StackException($"The native servers are made of Debian's packages ({names}), and this is not Debian: use a Docker engine, or a Debian 12 machine.");
        if (!Environment.IsPrivilegedProcess)
            throw new StackException($"These Debian packages are missing: {names}. Install them with: sudo apt-get install {names}");

        say($"Installing Debian packages that are missing: {names} (--no-install forbids it; their system-wide servers are not started).");
        await Heartbeat.WhileAsync(InstallAsync(missing, cancellationToken), "still installing", say);
        say("The packages are installed.");
    }

    private static async Task<IReadOnlyList<string>> MissingAsync(IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        foreach (var package in packages)
        {
            if (!await Command.SucceedsAsync(["sh", "-c", "dpkg-query -W -f '${db:Status-Status}' \"$1\" 2>/dev/null | grep -qx installed", "sh", package], cancellationToken))
                missing.Add(package);
        }

        return missing;
    }

    private static async Task InstallAsync(IReadOnlyList<string> packages, CancellationToken cancellationToken)
    {
        // Debian asks this file whether a package may start its service. One that is there already is its owner's will.
        var forbid = !File.Exists(PolicyFile);
        if (forbid)
        {
            await File.WriteAllTextAsync(PolicyFile, "#!/bin/sh\nexit 101\n", cancellationToken);
            await Command.RunAsync(["chmod", "755", PolicyFile], cancellationToken);
        }

        try
        {
            await AptAsync(["update"], cancellationToken);
            await AptAsync(["install", "--yes", "--no-install-recommends", .. packages], cancellationToken);
        }
        finally
        {
            if (forbid)
                File.Delete(PolicyFile);
        }

        if (Directory.Exists("/run/systemd/system"))
        {
            foreach (var service in packages.Where(package => package is not "python3-aiosmtpd"))
                await Command.RunAsync(["systemctl", "disable", service], cancellationToken);
        }
    }

    // Another test run may be installing the same packages: apt waits for its lock.
    private static Task<string> AptAsync(string[] arguments, CancellationToken cancellationToken) =>
        Command.RunAsync(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=600", .. arguments], cancellationToken);
}
