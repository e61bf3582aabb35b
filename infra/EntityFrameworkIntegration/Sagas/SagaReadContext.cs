using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>Reads sagas outside a consumer.</summary>
sealed class SagaReadContext<TSaga>(DbContext dbContext, SagaRepositoryOptions<TSaga> options, CancellationToken cancellationToken) :
    BasePipeContext(cancellationToken),
    QuerySagaRepositoryContext<TSaga>,
    LoadSagaRepositoryContext<TSaga>
    where TSaga : class, ISaga
{
    public async Task<SagaRepositoryQueryContext<TSaga>> Query(ISagaQuery<TSaga> query, CancellationToken cancellationToken = default)
    {
        options.Check(dbContext);
        var correlationIds = await options.Query(dbContext).AsNoTracking().Where(query.FilterExpression).Select(x => x.CorrelationId)
            .ToListAsync(cancellationToken).ConfigureAwait(false);
        return new DefaultSagaRepositoryQueryContext<TSaga>(this, correlationIds);
    }

    public async Task<TSaga> Load(Guid correlationId)
    {
        options.Check(dbContext);
        return (await options.Query(dbContext).AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == correlationId, CancellationToken)
            .ConfigureAwait(false))!;
    }
}
