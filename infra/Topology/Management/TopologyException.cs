namespace Topology;

/// <summary>The broker refused something, cannot be reached, or cannot be brought to the wanted state; the message says what and why.</summary>
public sealed class TopologyException : Exception
{
    /// <summary>Says what and why.</summary>
    public TopologyException(string message)
        : base(message)
    {
    }

    /// <summary>Says what and why, with the error beneath.</summary>
    public TopologyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
