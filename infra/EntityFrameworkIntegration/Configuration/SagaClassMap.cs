using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MassTransit;

/// <summary>
/// Maps a saga: its correlation id is the key, and PostgreSQL's <c>xmin</c> its concurrency token unless the saga has one of its own.
/// </summary>
public abstract class SagaClassMap<TSaga> : ISagaClassMap<TSaga>
    where TSaga : class, ISaga
{
    /// <inheritdoc />
    public Type SagaType => typeof(TSaga);

    /// <inheritdoc />
    public void Configure(ModelBuilder model)
    {
        ArgumentNullException.ThrowIfNull(model);

        var entity = model.Entity<TSaga>();
        entity.HasKey(x => x.CorrelationId);
        entity.Property(x => x.CorrelationId).ValueGeneratedNever();

        Configure(entity, model);

        if (!entity.Metadata.GetProperties().Any(x => x.IsConcurrencyToken))
            entity.Property<uint>("xmin").IsRowVersion();
    }

    /// <summary>Maps the saga's other properties.</summary>
    /// <param name="entity">The saga's builder.</param>
    /// <param name="model">The model's builder.</param>
    protected virtual void Configure(EntityTypeBuilder<TSaga> entity, ModelBuilder model)
    {
    }
}
