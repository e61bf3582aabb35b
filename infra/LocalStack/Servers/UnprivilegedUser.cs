using System.Globalization;

namespace LocalStack;

/// <summary>
/// The user that a server runs as when the launcher runs as root: PostgreSQL refuses root, and nginx does not need it.
/// </summary>
internal sealed record UnprivilegedUser(string Name, string Id, string Group)
{
    /// <summary>The user to switch to; null where the launcher is not root and need not switch.</summary>
    /// <param name="name">The user that the server's package creates; "nobody" where there is none.</param>
    public static UnprivilegedUser? InsteadOfRoot(string name)
    {
        if (!Environment.IsPrivilegedProcess)
            return null;

        var accounts = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).ToDictionary(fields => fields[0]);
        var account = accounts.GetValueOrDefault(name) ?? accounts.GetValueOrDefault("nobody")
            ?? throw new StackException($"The servers do not run as root, and there is neither a user {name} nor a user nobody to run them as.");
        return new UnprivilegedUser(account[0], account[2], account[3]);
    }

    /// <summary>Gives the directory and all that is in it to this user.</summary>
    public Task OwnAsync(string directory, CancellationToken cancellationToken) =>
        Command.RunAsync(["chown", "-R", $"{Id}:{Group}", directory], cancellationToken);

    /// <summary>
    /// What to put before a command that works in the directory. Where the way there is closed to the user, as below
    /// root's home directory, the one capability that opens it is handed on.
    /// </summary>
    public async Task<IReadOnlyList<string>> PrefixAsync(string directory, CancellationToken cancellationToken)
    {
        string[] asUser = ["setpriv", "--reuid", Id, "--regid", Group, "--clear-groups"];
        if (await Command.SucceedsAsync([.. asUser, "test", "-w", directory], cancellationToken))
            return asUser;

        string[] withPassage = [.. asUser, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"];
        if (await Command.SucceedsAsync([.. withPassage, "test", "-w", directory], cancellationToken))
            return withPassage;

        throw new StackException(string.Create(
            CultureInfo.InvariantCulture,
            $"The servers do not run as root, and the user {Name} cannot reach {directory}: move the checkout, or run as an ordinary user."));
    }
}
