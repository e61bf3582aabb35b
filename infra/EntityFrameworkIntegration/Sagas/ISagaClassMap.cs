using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>Maps one saga type.</summary>
public interface ISagaClassMap
{
    /// <summary>The saga type.</summary>
    Type SagaType { get; }

    /// <summary>Adds the saga to a model.</summary>
    /// <param name="model">The model's builder.</param>
    void Configure(ModelBuilder model);
}

/// <summary>Maps one saga type.</summary>
public interface ISagaClassMap<TSaga> : ISagaClassMap
    where TSaga : class, ISaga;
