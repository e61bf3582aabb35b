using System.Data;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;

namespace MassTransit;

/// <summary>Configures a saga repository.</summary>
public interface IEntityFrameworkSagaRepositoryConfigurator
{
    /// <summary>
    /// How two messages are kept from changing the same saga at the same time. Pessimistic: the later one waits on the row's lock
    /// (<c>SELECT ... FOR UPDATE</c>). Optimistic: both proceed, and the later one's update finds that the row has changed (PostgreSQL's
    /// <c>xmin</c>) and fails with <see cref="DbUpdateConcurrencyException" />, so that the endpoint's retry runs it again. Default
    /// <see cref="MassTransit.ConcurrencyMode.Pessimistic" />.
    /// </summary>
    ConcurrencyMode ConcurrencyMode { set; }

    /// <summary>
    /// The isolation level of the repository's own transaction; inside the outbox's, that one's holds. Default
    /// <see cref="IsolationLevel.ReadCommitted" />.
    /// </summary>
    IsolationLevel IsolationLevel { set; }

    /// <summary>Builds the pessimistic mode's locking statement. Default <see cref="PostgresLockStatementProvider" />.</summary>
    ILockStatementProvider LockStatementProvider { set; }

    /// <summary>Keeps the sagas in a DbContext that is registered elsewhere, which the outbox may share.</summary>
    void ExistingDbContext<TContext>()
        where TContext : DbContext;

    /// <summary>Registers the DbContext and keeps the sagas in it.</summary>
    /// <param name="optionsAction">Configures its options.</param>
    void AddDbContext<TContext, TImplementation>(Action<IServiceProvider, DbContextOptionsBuilder<TImplementation>>? optionsAction = null)
        where TContext : DbContext
        where TImplementation : DbContext, TContext;
}

/// <summary>Configures the repository of one saga.</summary>
public interface IEntityFrameworkSagaRepositoryConfigurator<TSaga> : IEntityFrameworkSagaRepositoryConfigurator
    where TSaga : class, ISaga
{
    /// <summary>Adds to the query that loads a saga, for example an <c>Include</c>.</summary>
    void CustomizeQuery(Func<IQueryable<TSaga>, IQueryable<TSaga>> queryCustomization);
}
