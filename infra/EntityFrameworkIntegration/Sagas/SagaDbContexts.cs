using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>Where a saga's repository gets its DbContext from.</summary>
interface ISagaDbContext<TSaga>
    where TSaga : class, ISaga
{
    DbContext Get();

    ValueTask Release(DbContext context);
}

/// <summary>The scope's own DbContext, which the outbox and the saga's activities share.</summary>
sealed class ScopedSagaDbContext<TSaga>(IServiceProvider provider, SagaRepositoryOptions<TSaga> options) : ISagaDbContext<TSaga>
    where TSaga : class, ISaga
{
    public DbContext Get() => OutboxDatabase.Resolve(provider, options.ContextType!);

    public ValueTask Release(DbContext context) => ValueTask.CompletedTask;
}

/// <summary>A new DbContext for each message.</summary>
sealed class CreatedSagaDbContext<TSaga>(Func<DbContext> create) : ISagaDbContext<TSaga>
    where TSaga : class, ISaga
{
    public DbContext Get() => create();

    public ValueTask Release(DbContext context) => context.DisposeAsync();
}
