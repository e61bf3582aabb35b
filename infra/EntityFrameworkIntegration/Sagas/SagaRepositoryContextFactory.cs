using MassTransit.EntityFrameworkCoreIntegration.Consume;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>
/// Runs a message through its saga in one transaction: the outbox's if the endpoint has one, else one of the repository's own.
/// </summary>
sealed class SagaRepositoryContextFactory<TSaga>(
    ISagaDbContext<TSaga> contexts,
    ISagaConsumeContextFactory<DbContext, TSaga> factory,
    SagaRepositoryOptions<TSaga> options) :
    ISagaRepositoryContextFactory<TSaga>,
    IQuerySagaRepositoryContextFactory<TSaga>,
    ILoadSagaRepositoryContextFactory<TSaga>
    where TSaga : class, ISaga
{
    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TSaga, T>> next)
        where T : class
    {
        return InTransaction(context, (dbContext, joined) =>
            next.Send(new SagaMessageContext<TSaga, T>(dbContext, context, factory, options, joined)));
    }

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TSaga> query, IPipe<SagaRepositoryQueryContext<TSaga, T>> next)
        where T : class
    {
        return InTransaction(context, async (dbContext, joined) =>
        {
            SagaMessageContext<TSaga, T> repositoryContext = new(dbContext, context, factory, options, joined, query.FilterExpression);
            // Always in the same order, so that two queries that lock the same sagas wait for each other instead of deadlocking.
            var correlationIds = await options.Query(dbContext).Where(query.FilterExpression).Select(x => x.CorrelationId).OrderBy(x => x)
                .ToListAsync(context.CancellationToken).ConfigureAwait(false);

            await next.Send(new DefaultSagaRepositoryQueryContext<TSaga, T>(repositoryContext, correlationIds)).ConfigureAwait(false);
        });
    }

    Task<T> IQuerySagaRepositoryContextFactory<TSaga>.Execute<T>(Func<QuerySagaRepositoryContext<TSaga>, Task<T>> asyncMethod,
        CancellationToken cancellationToken)
    {
        return Read(x => asyncMethod(new SagaReadContext<TSaga>(x, options, cancellationToken)));
    }

    Task<T> ILoadSagaRepositoryContextFactory<TSaga>.Execute<T>(Func<LoadSagaRepositoryContext<TSaga>, Task<T>> asyncMethod,
        CancellationToken cancellationToken)
    {
        return Read(x => asyncMethod(new SagaReadContext<TSaga>(x, options, cancellationToken)));
    }

    public void Probe(ProbeContext context)
    {
        context.Add("persistence", "entityFrameworkCore");
        context.Add("concurrencyMode", options.ConcurrencyMode.ToString());
    }

    async Task<T> Read<T>(Func<DbContext, Task<T>> read)
    {
        var dbContext = contexts.Get();
        try
        {
            return await read(dbContext).ConfigureAwait(false);
        }
        finally
        {
            await contexts.Release(dbContext).ConfigureAwait(false);
        }
    }

    async Task InTransaction<T>(ConsumeContext<T> context, Func<DbContext, bool, Task> consume)
        where T : class
    {
        var dbContext = contexts.Get();
        try
        {
            options.Check(dbContext);

            if (context.TryGetPayload<IOutboxTransaction>(out var outbox))
            {
                if (!ReferenceEquals(outbox.DbContext, dbContext))
                {
                    throw new ConfigurationException(
                        $"{TypeCache<TSaga>.ShortName} is kept in {dbContext.GetType().Name}, but its endpoint's outbox is on {outbox.DbContext.GetType().Name}: they cannot be committed together. Use one DbContext for both.");
                }

                await consume(dbContext, true).ConfigureAwait(false);
                return;
            }

            var attempt = 0;
            await dbContext.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
            {
                if (attempt++ > 0)
                    dbContext.ChangeTracker.Clear();

                await using var transaction = await dbContext.Database.BeginTransactionAsync(options.IsolationLevel, context.CancellationToken)
                    .ConfigureAwait(false);
                await consume(dbContext, false).ConfigureAwait(false);
                await transaction.CommitAsync(context.CancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        finally
        {
            await contexts.Release(dbContext).ConfigureAwait(false);
        }
    }
}
