using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Hosting;

/// <summary>
/// Keeps trace ids flowing from HTTP through messages into every service's log lines when nothing exports them:
/// without a listener the libraries would not start activities at all.
/// </summary>
internal sealed class TracePropagation : IHostedService, IDisposable
{
    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = source => source.Name is "MassTransit" or "Microsoft.AspNetCore",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
    };

    public Task StartAsync(CancellationToken cancellationToken)
    {
        ActivitySource.AddActivityListener(_listener);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();
}
