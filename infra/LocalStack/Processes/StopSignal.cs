namespace LocalStack;

/// <summary>The signal that a program takes as the request to end in good order.</summary>
public enum StopSignal
{
    /// <summary>SIGINT; for PostgreSQL the "fast" shutdown, which does not wait for its clients.</summary>
    Interrupt = 2,

    /// <summary>SIGTERM, what most programs expect.</summary>
    Terminate = 15,
}
