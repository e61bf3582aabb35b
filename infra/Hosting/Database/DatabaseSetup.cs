using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Hosting;

/// <summary>Registers a service's database.</summary>
public static class DatabaseSetup
{
    /// <summary>
    /// Registers <typeparamref name="TDbContext" /> on <c>ConnectionStrings:Database</c>, readiness by its migrations,
    /// and <see cref="DatabaseSchema" />, which others await before they touch a table.
    /// </summary>
    public static void AddDatabase<TDbContext>(this IHostApplicationBuilder builder)
        where TDbContext : DbContext
    {
        var services = builder.Services;

        services.AddSingleton<IValidateOptions<DatabaseOptions>, DatabaseOptionsValidator>();
        services.AddOptions<DatabaseOptions>()
            .Configure<IConfiguration>((options, configuration) =>
                options.ConnectionString = configuration[DatabaseOptions.RuntimeSetting] ?? "")
            .ValidateOnStart();

        services.AddSingleton(provider =>
            NpgsqlDataSource.Create(Tuned(provider.GetRequiredService<IOptions<DatabaseOptions>>().Value.ConnectionString)));

        services.AddDbContext<TDbContext>((provider, options) =>
            Configure(options).UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));

        services.AddSingleton<DatabaseSchema>();
        services.AddHostedService<SchemaWait<TDbContext>>();
        services.AddHealthChecks().AddCheck<SchemaHealthCheck>("database", tags: [HealthEndpoints.Ready]);
    }

    /// <summary>The context of the `migrate` verb: the owner's connection, which no running service has.</summary>
    internal static TDbContext CreateForOwner<TDbContext>(this IServiceProvider services, string connectionString)
        where TDbContext : DbContext
    {
        var options = new DbContextOptionsBuilder<TDbContext>();
        Configure(options).UseNpgsql(connectionString);
        return ActivatorUtilities.CreateInstance<TDbContext>(services, options.Options);
    }

    // Migrations are written by hand and have no model snapshot; a test of each service compares a migrated database with the model.
    private static DbContextOptionsBuilder Configure(DbContextOptionsBuilder options) =>
        options.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    // Both save round trips and planning on every use. The last mention of a keyword wins, so the connection string can overrule them.
    private static string Tuned(string connectionString) => $"No Reset On Close=true;Max Auto Prepare=50;{connectionString}";
}
