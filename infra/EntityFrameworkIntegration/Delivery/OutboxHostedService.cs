using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Runs the sweeper and the housekeeping of one outbox, and drains it when the host stops. MassTransit's test harness has no host: it
/// starts and stops hosted services without the steps around it, starts them again, and stops them after they have been disposed.
/// </summary>
sealed class OutboxHostedService(TransactionalOutbox outbox) : IHostedLifecycleService, IAsyncDisposable, IDisposable
{
    CancellationTokenSource _stopping = new();
    Task _running = Task.CompletedTask;
    bool _disposed;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // A mistake in the configuration ends the start of the host, with a sentence, and not the first message.
        outbox.Database.Prepare();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        outbox.Database.Prepare();
        outbox.IsStopping = false;
        if (_stopping.IsCancellationRequested)
        {
            _stopping.Dispose();
            _stopping = new CancellationTokenSource();
        }

        var stopping = _stopping.Token;
        List<Task> running = [Task.Run(() => outbox.Watch.Run(stopping), CancellationToken.None)];
        if (outbox.Options.Delivers)
            running.Add(Task.Run(() => outbox.Sweeper.Run(stopping), CancellationToken.None));
        if (outbox.Options.TrimsInbox)
            running.Add(Task.Run(() => outbox.Trimmer.Run(stopping), CancellationToken.None));
        _running = Task.WhenAll(running);
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before the bus stops: from here on a consumer waits until its messages are confirmed, and the bus for its consumers.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        outbox.IsStopping = true;
        return _disposed ? Task.CompletedTask : _stopping.CancelAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await StoppingAsync(cancellationToken).ConfigureAwait(false);
        await Drain(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>After the bus has stopped: what its last consumers sent.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => Drain(cancellationToken);

    async Task Drain(CancellationToken cancellationToken)
    {
        if (_disposed)
            return;

        try
        {
            await _running.WaitAsync(cancellationToken).ConfigureAwait(false);
            await outbox.Delivery.Drain(cancellationToken).ConfigureAwait(false);
            await outbox.Completion.Drain(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            outbox.Logger.LogWarning("The host stopped before the outbox was drained: {Count} messages wait in their rows for a sweeper",
                outbox.Delivery.MessagesInFlight);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        Dispose();
    }

    public void Dispose()
    {
        if (_disposed)
            return;

        _disposed = true;
        _stopping.Cancel();
        _stopping.Dispose();
    }
}
