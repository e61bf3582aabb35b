namespace LocalStack;

/// <summary>The directory of a checkout's stack, in which one command at a time changes something.</summary>
internal sealed class StackDirectory : IDisposable
{
    private readonly FileStream _lock;

    private StackDirectory(FileStream @lock) => _lock = @lock;

    public static string Path => Checkout.StackDirectory;

    /// <summary>Where data and logs of the stack are; test runs have a directory of their own beside it.</summary>
    public static string Files => System.IO.Path.Combine(Path, "stack");

    /// <summary>Keeps other commands out until it is disposed.</summary>
    /// <exception cref="StackException">Another command is at work.</exception>
    public static StackDirectory Lock()
    {
        Directory.CreateDirectory(Files);
        try
        {
            return new StackDirectory(new FileStream(
                System.IO.Path.Combine(Path, "command.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException locked)
        {
            throw new StackException($"Another stack command is at work in {Path}: wait for it, or end it with Ctrl-C there.", locked);
        }
    }

    public void Dispose() => _lock.Dispose();
}
