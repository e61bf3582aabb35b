using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Hosting;

internal static class TelemetrySetup
{
    /// <summary>
    /// Logs are one JSON object a line, with the trace id and what the scopes say (the order id among them).
    /// Traces and metrics leave the process over OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, and not otherwise.
    /// </summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole(console =>
        {
            console.IncludeScopes = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        });
        builder.Logging.Configure(options =>
            options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);

        // Whoever used the connection logs what became of it, once and in a sentence.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Connection", LogLevel.Critical);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

        var endpoint = builder.Configuration[OtlpOptions.Setting];
        builder.Services.AddSingleton<IValidateOptions<OtlpOptions>, OtlpOptionsValidator>();
        builder.Services.AddOptions<OtlpOptions>().Configure(options => options.Endpoint = endpoint).ValidateOnStart();

        if (string.IsNullOrEmpty(endpoint))
            builder.Services.AddHostedService<TracePropagation>();
        else
            builder.Services.AddHostedService<OpenTelemetryExport>();
    }
}
