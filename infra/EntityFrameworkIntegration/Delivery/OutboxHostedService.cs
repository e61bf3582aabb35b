using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>Runs the sweeper and the housekeeping of one outbox, and drains it when the host stops.</summary>
sealed class OutboxHostedService(TransactionalOutbox outbox) : IHostedLifecycleService, IDisposable
{
    readonly CancellationTokenSource _stopping = new();
    readonly List<Task> _running = [];

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // A mistake in the configuration ends the start of the host, with a sentence, and not the first message.
        outbox.Database.Prepare();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (outbox.Options.Delivers)
            _running.Add(Task.Run(() => outbox.Sweeper.Run(_stopping.Token), CancellationToken.None));
        _running.Add(Task.Run(() => outbox.Watch.Run(_stopping.Token), CancellationToken.None));
        if (outbox.Options.TrimsInbox)
            _running.Add(Task.Run(() => outbox.Trimmer.Run(_stopping.Token), CancellationToken.None));
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before the bus stops: from here on a consumer waits until its messages are confirmed, and the bus for its consumers.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        outbox.BeginStop();
        await _stopping.CancelAsync().ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Drain(cancellationToken);

    /// <summary>After the bus has stopped: what its last consumers sent.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => Drain(cancellationToken);

    async Task Drain(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_running).WaitAsync(cancellationToken).ConfigureAwait(false);
            await outbox.Delivery.Drain(cancellationToken).ConfigureAwait(false);
            await outbox.Completion.Drain(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            outbox.Logger.LogWarning("The host stopped before the outbox was drained: {Count} messages wait in their rows for a sweeper",
                outbox.Delivery.MessagesInFlight);
        }
    }

    public void Dispose() => _stopping.Dispose();
}
