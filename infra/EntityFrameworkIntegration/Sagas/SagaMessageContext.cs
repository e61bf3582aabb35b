using System.Linq.Expressions;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>Loads and keeps the sagas of one message.</summary>
sealed class SagaMessageContext<TSaga, TMessage>(
    DbContext dbContext,
    ConsumeContext<TMessage> context,
    ISagaConsumeContextFactory<DbContext, TSaga> factory,
    SagaRepositoryOptions<TSaga> options,
    bool joined,
    Expression<Func<TSaga, bool>>? filter = null) :
    ConsumeContextScope<TMessage>(context),
    SagaRepositoryContext<TSaga, TMessage>
    where TSaga : class, ISaga
    where TMessage : class
{
    readonly ConsumeContext<TMessage> _context = context;

    public Task<SagaConsumeContext<TSaga, TMessage>> Add(TSaga instance)
    {
        return factory.CreateSagaConsumeContext(dbContext, _context, instance, SagaConsumeContextMode.Add);
    }

    public async Task<SagaConsumeContext<TSaga, TMessage>> Insert(TSaga instance)
    {
        if (!await SagaInsert.TryInsert(dbContext, instance, CancellationToken).ConfigureAwait(false))
            return null!;

        var query = await options.QueryForUpdate(dbContext, instance.CorrelationId, CancellationToken).ConfigureAwait(false);
        var saga = await query.SingleAsync(CancellationToken).ConfigureAwait(false);
        return await factory.CreateSagaConsumeContext(dbContext, _context, saga, SagaConsumeContextMode.Insert).ConfigureAwait(false);
    }

    public async Task<SagaConsumeContext<TSaga, TMessage>> Load(Guid correlationId)
    {
        var query = await options.QueryForUpdate(dbContext, correlationId, CancellationToken).ConfigureAwait(false);
        // A saga found by a query may have changed before its row was locked.
        if (filter is not null)
            query = query.Where(filter);

        var saga = await query.SingleOrDefaultAsync(CancellationToken).ConfigureAwait(false);
        if (saga is null)
            return null!;

        return await factory.CreateSagaConsumeContext(dbContext, _context, saga, SagaConsumeContextMode.Load).ConfigureAwait(false);
    }

    public Task Save(SagaConsumeContext<TSaga> context)
    {
        dbContext.Add(context.Saga);
        return SaveChanges();
    }

    public Task Update(SagaConsumeContext<TSaga> context) => SaveChanges();

    public Task Delete(SagaConsumeContext<TSaga> context)
    {
        dbContext.Remove(context.Saga);
        return SaveChanges();
    }

    public Task Discard(SagaConsumeContext<TSaga> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<TSaga> context)
    {
        dbContext.Entry(context.Saga).State = EntityState.Detached;
        return Task.CompletedTask;
    }

    public Task<SagaConsumeContext<TSaga, T>> CreateSagaConsumeContext<T>(ConsumeContext<T> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where T : class
    {
        return factory.CreateSagaConsumeContext(dbContext, consumeContext, instance, mode);
    }

    // Inside the outbox's transaction the saga is saved with everything else, just before the commit.
    Task SaveChanges() => joined ? Task.CompletedTask : dbContext.SaveChangesAsync(CancellationToken);
}
