using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Hosting;

/// <summary>
/// Waits, saying for what, until the migrations have run. They run elsewhere, as the owner: the service has no right to change its schema.
/// </summary>
internal sealed class SchemaWait<TDbContext>(IServiceScopeFactory scopes, DatabaseSchema schema, TimeProvider time, ILogger<SchemaWait<TDbContext>> logger)
    : BackgroundService
    where TDbContext : DbContext
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var lastSaid = DateTimeOffset.MinValue;

        while (await MissingAsync(stoppingToken) is { } missing)
        {
            if (time.GetUtcNow() - lastSaid >= Reminder)
            {
                logger.LogWarning("Waiting for the database: {Missing}", missing);
                lastSaid = time.GetUtcNow();
            }

            await Task.Delay(Pause, time, stoppingToken);
        }

        logger.LogInformation("The database has the schema of this version.");
        schema.SetCurrent();
    }

    private async Task<string?> MissingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TDbContext>().Database;
            var pending = (await database.GetPendingMigrationsAsync(cancellationToken)).ToList();
            return pending.Count == 0 ? null : $"migrations have not run yet ({string.Join(", ", pending)}); run this program with 'migrate'.";
        }
        catch (Exception exception) when (exception is NpgsqlException || DatabaseOutage.Explains(exception))
        {
            return exception.GetBaseException().Message;
        }
    }
}
