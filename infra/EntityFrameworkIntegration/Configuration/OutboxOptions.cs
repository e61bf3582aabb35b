using System.Data;

namespace MassTransit.EntityFrameworkCoreIntegration.Configuration;

/// <summary>The validated settings of one outbox. See <see cref="IEntityFrameworkOutboxConfigurator" /> for what they mean.</summary>
sealed record OutboxOptions
{
    public TimeSpan DuplicateDetectionWindow { get; init; } = TimeSpan.FromMinutes(30);
    public IsolationLevel IsolationLevel { get; init; } = IsolationLevel.ReadCommitted;
    public TimeSpan QueryDelay { get; init; } = TimeSpan.FromSeconds(1);
    public int QueryMessageLimit { get; init; } = 500;
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(30);
    public int ParkAfterAttempts { get; init; } = 10;
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(5);
    public int MaxInFlightMessages { get; init; } = 10_000;
    public long MaxInFlightBytes { get; init; } = 64 * 1024 * 1024;
    public TimeSpan DegradedAge { get; init; } = TimeSpan.FromMinutes(1);
    public bool TrimsInbox { get; init; } = true;
    public bool UsesBusOutbox { get; init; }
    public bool Delivers { get; init; } = true;
    public int MessageDeliveryLimit { get; init; } = 100;
    public TimeSpan MessageDeliveryTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
