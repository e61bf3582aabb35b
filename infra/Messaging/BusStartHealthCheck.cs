using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Messaging;

/// <summary>
/// Unready until the bus has been connected once. Afterwards a lost broker only degrades the service: what it accepts waits
/// in the outbox, and taking every replica out of the load balancer would turn that into an outage.
/// </summary>
internal sealed class BusStartHealthCheck(BusLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.HasStarted
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("The broker has not been reached yet."));
}
