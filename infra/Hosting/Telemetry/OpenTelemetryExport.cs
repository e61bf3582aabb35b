using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Hosting;

/// <summary>Exports traces and metrics over OTLP. The exporter reads the standard <c>OTEL_*</c> variables itself.</summary>
internal sealed class OpenTelemetryExport(IHostEnvironment environment) : IHostedService, IDisposable
{
    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var resource = ResourceBuilder.CreateDefault().AddService(environment.ApplicationName);

        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource([.. TelemetrySources.Activities, environment.ApplicationName])
            .AddOtlpExporter()
            .Build();

        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter([.. TelemetrySources.Meters, environment.ApplicationName])
            .AddOtlpExporter()
            .Build();

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Disposing flushes; the host disposes last, when everything else has already written its spans.
    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }
}
