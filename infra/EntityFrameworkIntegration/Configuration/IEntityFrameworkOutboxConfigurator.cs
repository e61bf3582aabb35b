using System.Data;
using MassTransit.EntityFrameworkCoreIntegration;

namespace MassTransit;

/// <summary>Configures the outbox and inbox on a DbContext.</summary>
public interface IEntityFrameworkOutboxConfigurator
{
    /// <summary>How long a consumed message is remembered, so that a duplicate is dropped. Default 30 minutes; must be positive.</summary>
    TimeSpan DuplicateDetectionWindow { set; }

    /// <summary>
    /// The isolation level of a consumer's transaction. Default <see cref="IsolationLevel.ReadCommitted" />, which is enough for the
    /// inbox and the outbox; a stricter level lets concurrent consumers fail with 40001, which the endpoint's retry must handle.
    /// </summary>
    IsolationLevel IsolationLevel { set; }

    /// <summary>
    /// Chooses the database, as <see cref="EntityFrameworkOutboxConfigurationExtensions.UsePostgres(IEntityFrameworkOutboxConfigurator, bool)" />
    /// does. Must be a <see cref="PostgresLockStatementProvider" /> as it is: the outbox claims rows with statements of its own.
    /// </summary>
    /// <exception cref="ConfigurationException">It is another provider, or one that names a schema.</exception>
    ILockStatementProvider LockStatementProvider { set; }

    /// <summary>The pause between two looks of the sweeper at the outbox table while nothing is due. Default 1 second.</summary>
    TimeSpan QueryDelay { set; }

    /// <summary>How many rows the sweeper claims with one statement. Default 500.</summary>
    int QueryMessageLimit { set; }

    /// <summary>The timeout of the sweeper's and the housekeeping's statements. Default 30 seconds.</summary>
    TimeSpan QueryTimeout { set; }

    /// <summary>
    /// How long whoever inserted or claimed a row may try to send it before any instance's sweeper takes it. After a crash this is how
    /// long its unsent messages wait. Default 30 seconds; must exceed every message delivery timeout.
    /// </summary>
    TimeSpan LeaseDuration { set; }

    /// <summary>
    /// After how many failed attempts a row is parked: kept with its error, and left alone until it is sent again on request. Attempts
    /// that fail because the broker cannot be reached, or because of another message on the same channel, do not count. Default 10.
    /// </summary>
    int ParkAfterAttempts { set; }

    /// <summary>The pause before a row is tried again after its first failure; it doubles with each further one. Default 1 second.</summary>
    TimeSpan RetryDelay { set; }

    /// <summary>The longest pause between two attempts to send a row. Default 5 minutes.</summary>
    TimeSpan MaxRetryDelay { set; }

    /// <summary>
    /// How many messages may be between commit and confirm in memory, per bus and DbContext. Beyond it, committed messages wait in
    /// their rows for the sweeper. Default 10 000.
    /// </summary>
    int MaxInFlightMessages { set; }

    /// <summary>
    /// How many bytes of message bodies may be between commit and confirm in memory, and how many the sweeper claims at a time: at least
    /// one message. Default 64 MiB.
    /// </summary>
    long MaxInFlightBytes { set; }

    /// <summary>The age of the oldest unsent message that degrades the health check. Default 1 minute.</summary>
    TimeSpan DegradedAge { set; }

    /// <summary>Leaves the trimming of the inbox to another instance or to the database's own jobs.</summary>
    void DisableInboxCleanupService();

    /// <summary>
    /// Sends what is published or sent outside a consumer through the outbox: the messages are stored by the scope's next
    /// <c>SaveChanges</c> on the DbContext, and sent once its transaction is committed.
    /// </summary>
    /// <param name="configure">Configures the delivery.</param>
    void UseBusOutbox(Action<IEntityFrameworkBusOutboxConfigurator>? configure = null);
}

/// <summary>Configures the bus outbox.</summary>
public interface IEntityFrameworkBusOutboxConfigurator : IBusOutboxConfigurator
{
    /// <summary>How many messages of one commit, or of one claim of the sweeper, may be unconfirmed at a time. Default 100.</summary>
    int MessageDeliveryLimit { set; }

    /// <summary>How long the broker may take to confirm a message before the attempt counts as failed. Default 10 seconds.</summary>
    TimeSpan MessageDeliveryTimeout { set; }
}
