using System.Data;

namespace MassTransit.EntityFrameworkCoreIntegration.Configuration;

sealed class OutboxConfigurator : IEntityFrameworkOutboxConfigurator, IEntityFrameworkBusOutboxConfigurator
{
    OutboxOptions _options = new();

    bool _databaseChosen;

    public ILockStatementProvider LockStatementProvider
    {
        set
        {
            if (value is not PostgresLockStatementProvider { SchemaName: null } || value.GetType() != typeof(PostgresLockStatementProvider))
            {
                throw new ConfigurationException(
                    "The outbox claims rows with statements of its own, so its LockStatementProvider can only be new PostgresLockStatementProvider(): call UsePostgres(), and name tables and schema in the model.");
            }

            _databaseChosen = true;
        }
    }

    public TimeSpan DuplicateDetectionWindow { set => _options = _options with { DuplicateDetectionWindow = value }; }
    public IsolationLevel IsolationLevel { set => _options = _options with { IsolationLevel = value }; }
    public TimeSpan QueryDelay { set => _options = _options with { QueryDelay = value }; }
    public int QueryMessageLimit { set => _options = _options with { QueryMessageLimit = value }; }
    public TimeSpan QueryTimeout { set => _options = _options with { QueryTimeout = value }; }
    public TimeSpan LeaseDuration { set => _options = _options with { LeaseDuration = value }; }
    public int ParkAfterAttempts { set => _options = _options with { ParkAfterAttempts = value }; }
    public TimeSpan RetryDelay { set => _options = _options with { RetryDelay = value }; }
    public TimeSpan MaxRetryDelay { set => _options = _options with { MaxRetryDelay = value }; }
    public int MaxInFlightMessages { set => _options = _options with { MaxInFlightMessages = value }; }
    public long MaxInFlightBytes { set => _options = _options with { MaxInFlightBytes = value }; }
    public TimeSpan DegradedAge { set => _options = _options with { DegradedAge = value }; }
    public int MessageDeliveryLimit { set => _options = _options with { MessageDeliveryLimit = value }; }
    public TimeSpan MessageDeliveryTimeout { set => _options = _options with { MessageDeliveryTimeout = value }; }

    public void DisableInboxCleanupService() => _options = _options with { TrimsInbox = false };

    public void DisableDeliveryService() => _options = _options with { Delivers = false };

    public void UseBusOutbox(Action<IEntityFrameworkBusOutboxConfigurator>? configure = null)
    {
        _options = _options with { UsesBusOutbox = true };
        configure?.Invoke(this);
    }

    public OutboxOptions Build(Type contextType)
    {
        if (!_databaseChosen)
            throw Wrong("no database was chosen: call UsePostgres()");

        Positive(nameof(DuplicateDetectionWindow), _options.DuplicateDetectionWindow);
        Positive(nameof(QueryDelay), _options.QueryDelay);
        Positive(nameof(QueryTimeout), _options.QueryTimeout);
        Positive(nameof(LeaseDuration), _options.LeaseDuration);
        Positive(nameof(RetryDelay), _options.RetryDelay);
        Positive(nameof(DegradedAge), _options.DegradedAge);
        Positive(nameof(MessageDeliveryTimeout), _options.MessageDeliveryTimeout);
        AtLeastOne(nameof(QueryMessageLimit), _options.QueryMessageLimit);
        AtLeastOne(nameof(ParkAfterAttempts), _options.ParkAfterAttempts);
        AtLeastOne(nameof(MaxInFlightMessages), _options.MaxInFlightMessages);
        AtLeastOne(nameof(MaxInFlightBytes), _options.MaxInFlightBytes);
        AtLeastOne(nameof(MessageDeliveryLimit), _options.MessageDeliveryLimit);

        if (_options.MaxRetryDelay < _options.RetryDelay)
            throw Wrong($"{nameof(MaxRetryDelay)} ({_options.MaxRetryDelay}) is shorter than {nameof(RetryDelay)} ({_options.RetryDelay})");

        if (_options.IsolationLevel is not (IsolationLevel.ReadCommitted or IsolationLevel.RepeatableRead or IsolationLevel.Snapshot or IsolationLevel.Serializable))
            throw Wrong($"{nameof(IsolationLevel)} is {_options.IsolationLevel}, but a consumer's transaction needs at least ReadCommitted");

        CheckLease(_options, _options.MessageDeliveryTimeout, contextType);

        return _options;

        void Positive(string name, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
                throw Wrong($"{name} is {value}, but must be positive");
        }

        void AtLeastOne(string name, long value)
        {
            if (value < 1)
                throw Wrong($"{name} is {value}, but must be at least 1");
        }

        ConfigurationException Wrong(string reason) => Error(contextType, reason);
    }

    /// <summary>Whoever holds a lease must have given up before it ends, or two instances would send the same row.</summary>
    public static void CheckLease(OutboxOptions options, TimeSpan deliveryTimeout, Type contextType)
    {
        if (options.LeaseDuration <= deliveryTimeout)
        {
            throw Error(contextType,
                $"{nameof(LeaseDuration)} ({options.LeaseDuration}) does not exceed {nameof(MessageDeliveryTimeout)} ({deliveryTimeout})");
        }
    }

    public static ConfigurationException Error(Type contextType, string reason) => new($"The outbox on {contextType.Name} is misconfigured: {reason}.");
}
