namespace LocalStack;

/// <summary>
/// The files by which the test processes of a run and the keeper of their servers find and watch each other. Every
/// test process holds a shared lock on the lease; the keeper leaves when it can have it exclusively. Locks go with
/// their process however it ends.
/// </summary>
/// <param name="path">The directory; one per checkout.</param>
public sealed class TestRunDirectory(string path)
{
    /// <summary>This checkout's directory.</summary>
    public static TestRunDirectory OfCheckout => new(System.IO.Path.Combine(Checkout.StackDirectory, "tests"));

    /// <summary>This checkout's directory for servers in containers.</summary>
    public static TestRunDirectory OfCheckoutInContainers => new(System.IO.Path.Combine(Checkout.StackDirectory, "tests-in-containers"));

    /// <summary>The directory.</summary>
    public string Path { get; } = path;

    /// <summary>Where the servers are; exists while they run.</summary>
    public string Endpoints => System.IO.Path.Combine(Path, "servers.json");

    /// <summary>What the keeper says, failures to start included.</summary>
    public string KeeperLog => System.IO.Path.Combine(Path, "keeper.log");

    /// <summary>The data of the run's servers.</summary>
    public string Data => System.IO.Path.Combine(Path, "shared");

    /// <summary>Joins the run; null while its keeper is just leaving.</summary>
    public FileStream? TryJoin() => TryLock("lease", FileAccess.Read, FileShare.Read);

    /// <summary>Ends the run; null while a test process is part of it.</summary>
    public FileStream? TryEnd() => TryLock("lease", FileAccess.ReadWrite, FileShare.None);

    /// <summary>Becomes the keeper; null where there is one.</summary>
    public FileStream? TryKeep() => TryLock("keeper", FileAccess.ReadWrite, FileShare.None);

    /// <summary>Becomes the one test process that starts the keeper; null while another one is at it.</summary>
    public FileStream? TryStart() => TryLock("starter", FileAccess.ReadWrite, FileShare.None);

    private FileStream? TryLock(string name, FileAccess access, FileShare share)
    {
        Directory.CreateDirectory(Path);
        try
        {
            return new FileStream(System.IO.Path.Combine(Path, name), FileMode.OpenOrCreate, access, share);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
