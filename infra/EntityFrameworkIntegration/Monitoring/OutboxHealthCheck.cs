using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Monitoring;

/// <summary>Degraded while a message has waited in the outbox for too long, or is parked; unhealthy if the table cannot be read.</summary>
sealed class OutboxHealthCheck(TransactionalOutbox outbox) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        OutboxDepth depth;
        try
        {
            depth = await outbox.Watch.Look(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The outbox table cannot be read.", exception);
        }

        Dictionary<string, object> data = new(StringComparer.Ordinal)
        {
            ["waiting"] = depth.Waiting,
            ["parked"] = depth.Parked,
            ["oldestSeconds"] = depth.OldestAge.TotalSeconds,
            ["inFlight"] = outbox.Delivery.MessagesInFlight,
        };

        if (depth.OldestAge > outbox.Options.DegradedAge)
        {
            return HealthCheckResult.Degraded(
                $"Message {depth.OldestId} has waited in the outbox for {depth.OldestAge:d\\.hh\\:mm\\:ss}, longer than {outbox.Options.DegradedAge}.", data: data);
        }

        return depth.Parked > 0
            ? HealthCheckResult.Degraded($"{depth.Parked} messages are parked in the outbox.", data: data)
            : HealthCheckResult.Healthy($"{depth.Waiting} messages wait in the outbox.", data);
    }
}
