using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

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
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);

        if (string.IsNullOrEmpty(builder.Configuration[OpenTelemetryExport.EndpointSetting]))
            builder.Services.AddHostedService<TracePropagation>();
        else
            builder.Services.AddHostedService<OpenTelemetryExport>();
    }
}
