using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Hosting;

/// <summary>What every service's process has in common.</summary>
public static class ServiceDefaults
{
    /// <summary>The largest request body that a service reads, in bytes; larger ones are answered with 413.</summary>
    public const int MaxRequestBodyBytes = 64 * 1024;

    /// <summary>Adds API keys, problem details, health checks, OpenAPI, logs and telemetry.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder)
    {
        builder.AddTelemetry();
        builder.AddApiKeys();
        builder.AddProblems();
        builder.AddOpenApiDocument();

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddHealthChecks();
        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = MaxRequestBodyBytes;
        });

        return builder;
    }

    /// <summary>
    /// Adds the middleware of <see cref="AddServiceDefaults" /> and maps <c>/health/live</c>, <c>/health/ready</c>,
    /// <c>/openapi/v1.json</c> and <c>/swagger</c>. Call it before the service's own endpoints are mapped.
    /// </summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseRequestSpans();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseOpenApiPage();
        app.UseRouting();
        app.UseSchemaGate();
        app.UseAuthentication();
        app.UseAuthorization();

        app.MapOpenApiDocument();
        app.MapHealth();

        return app;
    }

    /// <summary>
    /// Runs the service, or what the command line asks for instead: <c>migrate</c>.
    /// A setting that is wrong ends it with a sentence on standard error.
    /// </summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunOrMigrateAsync<TDbContext>(this WebApplication app, string[] args)
        where TDbContext : DbContext
    {
        // Asked for now, because a host that fails to start disposes its services.
        var (name, stopping) = (app.Environment.ApplicationName, app.Lifetime.ApplicationStopping);
        try
        {
            switch (args)
            {
                case [MigrateCommand.Verb, ..]:
                    await MigrateCommand.RunAsync<TDbContext>(app.Services, app.Lifetime.ApplicationStopping);
                    return 0;
                default:
                    // Before anything is started, so that a mistake in one setting starts nothing.
                    app.Services.GetService<IStartupValidator>()?.Validate();
                    var work = app.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
                    await app.RunAsync();

                    // The host stops when background work fails, and calls that a success.
                    return work.Exists(service => service.ExecuteTask is { IsFaulted: true }) ? 1 : 0;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to stop before everything was up.
            return 0;
        }
        catch (Exception exception) when (StartMistake.Sentences(exception) is { } sentences)
        {
            foreach (var sentence in sentences)
                await Console.Error.WriteLineAsync($"{name}: {sentence}");
            return 1;
        }
        finally
        {
            await app.DisposeAsync();
        }
    }
}
