namespace LocalStack;

/// <summary>Who ends a started process if nobody stops it.</summary>
public enum ProcessLifetime
{
    /// <summary>It ends with the process that started it, also when that one is killed.</summary>
    Owner,

    /// <summary>It goes on until it is stopped by its process id.</summary>
    Detached,
}
