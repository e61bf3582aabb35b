using MassTransit.EntityFrameworkCoreIntegration;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using Microsoft.EntityFrameworkCore;

namespace MassTransit;

/// <summary>Adds the transactional outbox and inbox to a bus and to its receive endpoints.</summary>
public static class EntityFrameworkOutboxConfigurationExtensions
{
    /// <summary>Adds the outbox and inbox on <typeparamref name="TDbContext" /> to the bus that is being registered.</summary>
    /// <param name="configurator">The registration of the default bus, or of one added with <c>AddMassTransit&lt;TBus&gt;</c>.</param>
    /// <param name="configure">Configures it; must call <see cref="UsePostgres(IEntityFrameworkOutboxConfigurator, bool)" />.</param>
    /// <exception cref="ConfigurationException">A value is out of range, or no database was chosen.</exception>
    public static void AddEntityFrameworkOutbox<TDbContext>(this IBusRegistrationConfigurator configurator,
        Action<IEntityFrameworkOutboxConfigurator>? configure = null)
        where TDbContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(configurator);

        OutboxConfigurator options = new();
        configure?.Invoke(options);

        OutboxRegistration.Register<TDbContext>(configurator, options.Build(typeof(TDbContext)));
    }

    /// <summary>Stores inbox and outbox in PostgreSQL.</summary>
    /// <param name="configurator">The outbox configurator.</param>
    /// <param name="enableSchemaCaching">False asks for tables whose schema changes while the service runs, which this outbox does not have.</param>
    /// <exception cref="ConfigurationException"><paramref name="enableSchemaCaching" /> is false.</exception>
    public static IEntityFrameworkOutboxConfigurator UsePostgres(this IEntityFrameworkOutboxConfigurator configurator, bool enableSchemaCaching = true)
    {
        if (!enableSchemaCaching)
        {
            throw new ConfigurationException(
                "UsePostgres(enableSchemaCaching: false) asks for tables whose schema changes while the service runs, but the sweeper reads one schema only: leave it out, and give each schema a DbContext type of its own.");
        }

        ArgumentNullException.ThrowIfNull(configurator);

        configurator.LockStatementProvider = new PostgresLockStatementProvider();
        return configurator;
    }

    /// <summary>Asks for the outbox's tables in a schema that the model does not name, which this outbox refuses.</summary>
    /// <param name="configurator">The outbox configurator.</param>
    /// <param name="schemaName">The schema.</param>
    /// <param name="enableSchemaCaching">See the other overload.</param>
    /// <exception cref="ConfigurationException">Always, with what to do instead.</exception>
    public static IEntityFrameworkOutboxConfigurator UsePostgres(this IEntityFrameworkOutboxConfigurator configurator, string schemaName,
        bool enableSchemaCaching = true)
    {
        throw new ConfigurationException(
            $"UsePostgres(\"{schemaName}\") names a schema beside the model, but the outbox finds its tables by the model alone: call UsePostgres(), and name the schema with modelBuilder.HasDefaultSchema(\"{schemaName}\"), in the callback of Add...Entity, or in the connection's search path.");
    }

    /// <summary>
    /// Consumes every message of this endpoint in one transaction of <typeparamref name="TDbContext" />: the inbox row, the consumer's
    /// or saga's changes and everything it sends, publishes, responds or schedules are committed together or not at all.
    /// </summary>
    /// <param name="configurator">The receive endpoint.</param>
    /// <param name="context">The bus registration context.</param>
    /// <param name="configure">Overrides the delivery limit and timeout for this endpoint.</param>
    /// <exception cref="ConfigurationException">The outbox was not added to the bus.</exception>
    public static void UseEntityFrameworkOutbox<TDbContext>(this IReceiveEndpointConfigurator configurator, IRegistrationContext context,
        Action<IOutboxOptionsConfigurator>? configure = null)
        where TDbContext : DbContext
    {
        ArgumentNullException.ThrowIfNull(configurator);
        ArgumentNullException.ThrowIfNull(context);

        var outbox = OutboxRegistration.Find<TDbContext>(context);
        var observer = new OutboxConsumeObserver<TDbContext>(configurator, context, outbox);
        configure?.Invoke(observer);
        observer.Validate();

        configurator.ConnectConsumerConfigurationObserver(observer);
        configurator.ConnectSagaConfigurationObserver(observer);
        configurator.ConnectActivityConfigurationObserver(observer);
    }
}
