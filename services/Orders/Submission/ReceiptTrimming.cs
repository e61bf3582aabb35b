using Hosting;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Orders.Database;

namespace Orders.Submission;

/// <summary>Forgets idempotency keys a day after they were used.</summary>
internal sealed class ReceiptTrimming(IServiceScopeFactory scopes, DatabaseSchema schema, TimeProvider time, ILogger<ReceiptTrimming> logger)
    : BackgroundService
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    // Small deletes, so that no submission ever waits behind one.
    private const int RowsAtATime = 1000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WaitAsync(stoppingToken);

        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                while (await TrimAsync(stoppingToken) == RowsAtATime)
                {
                }
            }
            catch (Exception exception) when (exception is NpgsqlException || DatabaseOutage.Explains(exception))
            {
                logger.LogWarning(exception, "Receipts of submissions could not be trimmed; the next round will");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> TrimAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrdersDbContext>().Database;
        var before = time.GetUtcNow() - Kept;
        return await database.ExecuteSqlAsync(
            $"""
             DELETE FROM submission_receipts WHERE (caller, key) IN (
                 SELECT caller, key FROM submission_receipts WHERE created_at < {before}
                 ORDER BY created_at LIMIT {RowsAtATime} FOR UPDATE SKIP LOCKED)
             """,
            cancellationToken);
    }
}
