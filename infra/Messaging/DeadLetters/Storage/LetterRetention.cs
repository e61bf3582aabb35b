using Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Messaging;

/// <summary>Removes letters some time after they were replayed or discarded. What operators did to them stays on record.</summary>
internal sealed class LetterRetention(
    IServiceScopeFactory scopes, DatabaseSchema schema, IOptions<DeadLetterOptions> options, TimeProvider time, ILogger<LetterRetention> logger)
    : BackgroundService
{
    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    // Small deletes, for bodies may be large.
    private const int LettersAtATime = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WaitAsync(stoppingToken);

        var retention = options.Value.Retention;
        using var timer = new PeriodicTimer(Interval(retention), time);
        do
        {
            try
            {
                await RemoveAsync(retention, stoppingToken);
            }
            catch (Exception exception) when (exception is NpgsqlException || DatabaseOutage.Explains(exception))
            {
                logger.LogWarning(exception, "Closed dead letters could not be removed; the next round will");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    // Often enough that a letter outlives its time by a tenth at most, within reason.
    private static TimeSpan Interval(TimeSpan retention) =>
        TimeSpan.FromTicks(Math.Clamp(retention.Ticks / 10, ShortestInterval.Ticks, LongestInterval.Ticks));

    private async Task RemoveAsync(TimeSpan retention, CancellationToken stoppingToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        int removed;
        do
        {
            await using var scope = scopes.CreateAsyncScope();
            removed = await scope.ServiceProvider.GetRequiredService<LetterDatabase>().RemoveClosedAsync(now - retention, LettersAtATime, now, stoppingToken);
            if (removed > 0)
                logger.LogInformation("Removed {Count} dead letters that were closed more than {Retention} ago", removed, retention);
        }
        while (removed == LettersAtATime);
    }
}
