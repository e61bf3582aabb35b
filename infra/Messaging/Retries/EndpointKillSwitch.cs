using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging;

/// <summary>
/// Stops its endpoint when most of what it consumes fails, and starts it again after a pause: while the database is away,
/// messages wait in their queue instead of being driven into the dead letters. MassTransit's own kill switch sees only what
/// has already left every retry, and counts from the start of the process until it first trips.
/// </summary>
internal sealed class EndpointKillSwitch(
    string endpoint,
    KillSwitchLimits limits,
    TimeProvider time,
    MessagingMetrics metrics,
    ILogger<EndpointKillSwitch> logger,
    CancellationToken stopping) : IReceiveEndpointObserver
{
    private readonly Lock _gate = new();
    private IReceiveEndpoint? _endpoint;
    private long _windowBegan = time.GetTimestamp();
    private int _attempts;
    private int _failures;
    private bool _tripped;

    public void Succeeded() => Count(failure: null);

    public void Failed(Exception exception) => Count(exception);

    public Task Ready(ReceiveEndpointReady ready)
    {
        lock (_gate)
            _endpoint = ready.ReceiveEndpoint;
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    public Task Faulted(ReceiveEndpointFaulted faulted) => Task.CompletedTask;

    private void Count(Exception? failure)
    {
        IReceiveEndpoint tripped;
        lock (_gate)
        {
            if (_tripped || _endpoint is null)
                return;

            if (time.GetElapsedTime(_windowBegan) >= limits.Window)
                BeginWindow();

            _attempts++;
            if (failure is not null)
                _failures++;
            if (failure is null || _attempts < limits.Attempts || _failures < limits.FailureRatio * _attempts)
                return;

            _tripped = true;
            tripped = _endpoint;
        }

        metrics.KillSwitchTripped(endpoint, failure);
        logger.LogError(failure, "{Failures} of {Attempts} messages of {Endpoint} failed: it pauses for {Pause}", _failures, _attempts, endpoint, limits.Pause);

        // The endpoint's stop awaits the very consumer that is calling here.
        _ = Task.Run(() => PauseAsync(tripped), CancellationToken.None);
    }

    private async Task PauseAsync(IReceiveEndpoint tripped)
    {
        try
        {
            await tripped.Stop(stopping);
            await Task.Delay(limits.Pause, time, stopping);
            await tripped.Start(stopping).Ready;
            logger.LogInformation("{Endpoint} consumes again", endpoint);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The bus stops, and the endpoint with it.
        }
        catch (Exception exception)
        {
            logger.LogCritical(exception, "{Endpoint} could not be stopped and started again", endpoint);
        }
        finally
        {
            lock (_gate)
            {
                _tripped = false;
                BeginWindow();
            }
        }
    }

    private void BeginWindow() => (_windowBegan, _attempts, _failures) = (time.GetTimestamp(), 0, 0);
}
