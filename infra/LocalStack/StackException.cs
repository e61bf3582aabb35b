namespace LocalStack;

/// <summary>Something that its reader can put right; the message is shown as it is, without a stack trace.</summary>
public sealed class StackException : Exception
{
    /// <inheritdoc />
    public StackException()
    {
    }

    /// <inheritdoc />
    public StackException(string message)
        : base(message)
    {
    }

    /// <inheritdoc />
    public StackException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
