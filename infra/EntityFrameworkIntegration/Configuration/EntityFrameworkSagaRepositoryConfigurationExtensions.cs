using MassTransit.Configuration;
using MassTransit.EntityFrameworkCoreIntegration;
using MassTransit.EntityFrameworkCoreIntegration.Sagas;

namespace MassTransit;

/// <summary>Keeps sagas in PostgreSQL through EF Core.</summary>
public static class EntityFrameworkSagaRepositoryConfigurationExtensions
{
    /// <summary>Keeps this saga in a DbContext.</summary>
    /// <param name="configurator">The saga's registration.</param>
    /// <param name="configure">Must call <c>ExistingDbContext</c> or <c>AddDbContext</c>.</param>
    /// <exception cref="ConfigurationException">No DbContext was chosen.</exception>
    public static ISagaRegistrationConfigurator<TSaga> EntityFrameworkRepository<TSaga>(this ISagaRegistrationConfigurator<TSaga> configurator,
        Action<IEntityFrameworkSagaRepositoryConfigurator<TSaga>>? configure = null)
        where TSaga : class, ISaga
    {
        ArgumentNullException.ThrowIfNull(configurator);

        SagaRepositoryConfigurator<TSaga> repository = new();
        configure?.Invoke(repository);

        return configurator.Repository(repository.Register);
    }

    /// <summary>Keeps every saga of this bus that has no repository of its own in a DbContext.</summary>
    /// <param name="configurator">The bus's registration.</param>
    /// <param name="configure">Must call <c>ExistingDbContext</c> or <c>AddDbContext</c>.</param>
    public static void SetEntityFrameworkSagaRepositoryProvider(this IRegistrationConfigurator configurator,
        Action<IEntityFrameworkSagaRepositoryConfigurator> configure)
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentNullException.ThrowIfNull(configure);

        configurator.SetSagaRepositoryProvider(new RepositoryProvider(configure));
    }

    /// <summary>Keeps sagas in PostgreSQL, which is the only database and hence the default; kept for code that says so.</summary>
    /// <param name="configurator">The repository's configurator.</param>
    /// <param name="enableSchemaCaching">Either is right: the names are read from each DbContext's own model.</param>
    public static IEntityFrameworkSagaRepositoryConfigurator UsePostgres(this IEntityFrameworkSagaRepositoryConfigurator configurator,
        bool enableSchemaCaching = true)
    {
        ArgumentNullException.ThrowIfNull(configurator);

        return configurator;
    }

    /// <summary>Keeps sagas in PostgreSQL, which is the only database and hence the default; kept for code that says so.</summary>
    /// <param name="configurator">The repository's configurator.</param>
    /// <param name="enableSchemaCaching">Either is right: the names are read from each DbContext's own model.</param>
    public static IEntityFrameworkSagaRepositoryConfigurator<TSaga> UsePostgres<TSaga>(this IEntityFrameworkSagaRepositoryConfigurator<TSaga> configurator,
        bool enableSchemaCaching = true)
        where TSaga : class, ISaga
    {
        ArgumentNullException.ThrowIfNull(configurator);

        return configurator;
    }

    /// <summary>Keeps sagas in PostgreSQL, in tables whose schema the model leaves open.</summary>
    /// <param name="configurator">The repository's configurator.</param>
    /// <param name="schemaName">Where tables without a schema in the model are: the first of the connection's search path.</param>
    /// <param name="enableSchemaCaching">Either is right: the names are read from each DbContext's own model.</param>
    public static IEntityFrameworkSagaRepositoryConfigurator UsePostgres(this IEntityFrameworkSagaRepositoryConfigurator configurator,
        string schemaName, bool enableSchemaCaching = true)
    {
        ArgumentNullException.ThrowIfNull(configurator);

        configurator.LockStatementProvider = new PostgresLockStatementProvider(schemaName);
        return configurator;
    }

    /// <summary>Keeps sagas in PostgreSQL, in tables whose schema the model leaves open.</summary>
    /// <param name="configurator">The repository's configurator.</param>
    /// <param name="schemaName">Where tables without a schema in the model are: the first of the connection's search path.</param>
    /// <param name="enableSchemaCaching">Either is right: the names are read from each DbContext's own model.</param>
    public static IEntityFrameworkSagaRepositoryConfigurator<TSaga> UsePostgres<TSaga>(this IEntityFrameworkSagaRepositoryConfigurator<TSaga> configurator,
        string schemaName, bool enableSchemaCaching = true)
        where TSaga : class, ISaga
    {
        ArgumentNullException.ThrowIfNull(configurator);

        configurator.LockStatementProvider = new PostgresLockStatementProvider(schemaName);
        return configurator;
    }

    sealed class RepositoryProvider(Action<IEntityFrameworkSagaRepositoryConfigurator> configure) : ISagaRepositoryRegistrationProvider
    {
        public void Configure<TSaga>(ISagaRegistrationConfigurator<TSaga> configurator)
            where TSaga : class, ISaga
        {
            configurator.EntityFrameworkRepository(x => configure(x));
        }
    }
}
