using MassTransit.EntityFrameworkCoreIntegration.Sagas;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration;

#pragma warning disable CA1000 // The published package's shape: EntityFrameworkSagaRepository<TSaga>.CreateOptimistic.
/// <summary>Creates a saga repository without a container.</summary>
public static class EntityFrameworkSagaRepository<TSaga>
    where TSaga : class, ISaga
{
    /// <summary>A repository whose concurrent updates fail and are retried by the endpoint.</summary>
    /// <param name="dbContextFactory">Creates the DbContext of one message; the repository disposes it.</param>
    /// <param name="queryCustomization">Adds to the query that loads a saga.</param>
    public static ISagaRepository<TSaga> CreateOptimistic(Func<DbContext> dbContextFactory,
        Func<IQueryable<TSaga>, IQueryable<TSaga>>? queryCustomization = null)
    {
        return Create(dbContextFactory, queryCustomization, new SagaRepositoryOptions<TSaga> { ConcurrencyMode = ConcurrencyMode.Optimistic });
    }

    /// <summary>A repository that locks a saga's row while a message is handled.</summary>
    /// <param name="dbContextFactory">Creates the DbContext of one message; the repository disposes it.</param>
    /// <param name="lockStatementProvider">Builds the locking statement; by default <see cref="PostgresLockStatementProvider" />.</param>
    /// <param name="queryCustomization">Adds to the query that loads a saga.</param>
    public static ISagaRepository<TSaga> CreatePessimistic(Func<DbContext> dbContextFactory, ILockStatementProvider? lockStatementProvider = null,
        Func<IQueryable<TSaga>, IQueryable<TSaga>>? queryCustomization = null)
    {
        return Create(dbContextFactory, queryCustomization, new SagaRepositoryOptions<TSaga>
        {
            ConcurrencyMode = ConcurrencyMode.Pessimistic,
            LockStatementProvider = lockStatementProvider ?? new PostgresLockStatementProvider(),
        });
    }

    static SagaRepository<TSaga> Create(Func<DbContext> dbContextFactory, Func<IQueryable<TSaga>, IQueryable<TSaga>>? queryCustomization,
        SagaRepositoryOptions<TSaga> options)
    {
        ArgumentNullException.ThrowIfNull(dbContextFactory);

        if (queryCustomization is not null)
            options = options with { CustomizeQuery = queryCustomization };

        SagaRepositoryContextFactory<TSaga> factory = new(new CreatedSagaDbContext<TSaga>(dbContextFactory),
            new SagaConsumeContextFactory<DbContext, TSaga>(), options);
        return new SagaRepository<TSaga>(factory, factory, factory);
    }
}
