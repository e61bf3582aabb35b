namespace Hosting;

/// <summary>Tells when the database has the schema that this version of the service needs.</summary>
public sealed class DatabaseSchema
{
    private readonly TaskCompletionSource _current = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether every migration that this version knows has been applied. Once true, it stays so.</summary>
    public bool IsCurrent => _current.Task.IsCompletedSuccessfully;

    /// <summary>Completes when <see cref="IsCurrent" /> turns true; whoever touches a table at start awaits it first.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken" /> was cancelled before that.</exception>
    public Task WaitAsync(CancellationToken cancellationToken) => _current.Task.WaitAsync(cancellationToken);

    internal void SetCurrent() => _current.TrySetResult();
}
