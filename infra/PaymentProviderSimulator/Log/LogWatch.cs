namespace PaymentProviderSimulator.Log;

/// <summary>Stops the process when the disk refuses the log: a provider that forgets is worse than none.</summary>
public sealed class LogWatch(OperationLog log, IHostApplicationLifetime lifetime, ILogger<LogWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await log.Completion.WaitAsync(stoppingToken);
        }
        catch (IOException exception)
        {
            logger.LogCritical(exception, "The log cannot be written; the provider stops.");
            lifetime.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // The process ends in the usual way.
        }
    }
}
