using System.Data;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>How one saga is loaded and kept.</summary>
sealed record SagaRepositoryOptions<TSaga>
    where TSaga : class, ISaga
{
    public ConcurrencyMode ConcurrencyMode { get; init; } = ConcurrencyMode.Pessimistic;
    public IsolationLevel IsolationLevel { get; init; } = IsolationLevel.ReadCommitted;
    public ILockStatementProvider LockStatementProvider { get; init; } = new PostgresLockStatementProvider();
    public Func<IQueryable<TSaga>, IQueryable<TSaga>>? CustomizeQuery { get; init; }
    public Type? ContextType { get; init; }

    /// <exception cref="ConfigurationException">The saga is not in the model, or cannot be kept in this mode.</exception>
    public void Check(DbContext context)
    {
        var entity = context.Model.FindEntityType(typeof(TSaga))
            ?? throw new ConfigurationException(
                $"{typeof(TSaga).Name} is not in the model of {context.GetType().Name}: map it in OnModelCreating, for example with a SagaClassMap.");

        if (ConcurrencyMode == ConcurrencyMode.Optimistic && !entity.GetProperties().Any(x => x.IsConcurrencyToken))
        {
            throw new ConfigurationException(
                $"{typeof(TSaga).Name} is kept optimistically but has no concurrency token, so concurrent updates would overwrite each other: map it with a SagaClassMap, or add entity.Property<uint>(\"xmin\").IsRowVersion().");
        }
    }

    public IQueryable<TSaga> Query(DbContext context) => CustomizeQuery?.Invoke(context.Set<TSaga>()) ?? context.Set<TSaga>();

    /// <summary>The query for one saga, whose row it locks in pessimistic mode.</summary>
    public async Task<IQueryable<TSaga>> QueryForUpdate(DbContext context, Guid correlationId, CancellationToken cancellationToken)
    {
        var query = Query(context).Where(x => x.CorrelationId == correlationId);
        if (ConcurrencyMode != ConcurrencyMode.Pessimistic)
            return query;

        var locked = context.Set<TSaga>().FromSqlRaw(LockStatementProvider.GetRowLockStatement<TSaga>(context), correlationId);
        if (IsOneRow(context))
            return locked;

        // A statement that has waited for a row sees it as it is now, but the rows it joins as they were before. So those come afterwards.
        await locked.Select(x => x.CorrelationId).ToListAsync(cancellationToken).ConfigureAwait(false);
        return query;
    }

    bool IsOneRow(DbContext context)
    {
        return CustomizeQuery is null && !context.Model.FindEntityType(typeof(TSaga))!.GetNavigations().Any(x => x.IsEagerLoaded);
    }
}
