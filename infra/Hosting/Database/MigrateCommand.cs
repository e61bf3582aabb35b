using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Hosting;

/// <summary>The verb `migrate`: brings the schema up to date as the owner role and ends. A deploy step, never part of a start.</summary>
internal static class MigrateCommand
{
    public const string Verb = "migrate";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static async Task RunAsync<TDbContext>(IServiceProvider services, CancellationToken cancellationToken)
        where TDbContext : DbContext
    {
        var connectionString = services.GetRequiredService<IConfiguration>()[DatabaseOptions.OwnerSetting];
        if (DatabaseOptions.Mistake(DatabaseOptions.OwnerSetting, connectionString, services.GetRequiredService<IHostEnvironment>()) is { } mistake)
            throw new SettingException(mistake);

        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger<TDbContext>();
        while (true)
        {
            try
            {
                await using var context = services.CreateForOwner<TDbContext>(connectionString!);
                var pending = (await context.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
                await context.Database.MigrateAsync(cancellationToken);
                logger.LogInformation("Applied {Count} migrations: {Migrations}", pending.Count, pending);
                return;
            }
            catch (Exception exception) when (DatabaseOutage.Explains(exception))
            {
                logger.LogWarning("Waiting for the database: {Reason}", exception.GetBaseException().Message);
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }
}
