using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>A DbContext that takes its model from class maps.</summary>
/// <param name="options">The context's options.</param>
public abstract class SagaDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>The sagas it keeps.</summary>
    protected abstract IEnumerable<ISagaClassMap> Configurations { get; }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);

        foreach (var map in Configurations)
            map.Configure(modelBuilder);
    }
}
