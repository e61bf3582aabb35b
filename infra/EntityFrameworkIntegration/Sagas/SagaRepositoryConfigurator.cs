using System.Data;
using MassTransit.Configuration;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

sealed class SagaRepositoryConfigurator<TSaga> : IEntityFrameworkSagaRepositoryConfigurator<TSaga>
    where TSaga : class, ISaga
{
    SagaRepositoryOptions<TSaga> _options = new();
    Action<IServiceCollection> _registerContext = static _ => { };

    public ConcurrencyMode ConcurrencyMode { set => _options = _options with { ConcurrencyMode = value }; }
    public IsolationLevel IsolationLevel { set => _options = _options with { IsolationLevel = value }; }
    public ILockStatementProvider LockStatementProvider { set => _options = _options with { LockStatementProvider = value }; }

    public void CustomizeQuery(Func<IQueryable<TSaga>, IQueryable<TSaga>> queryCustomization)
    {
        ArgumentNullException.ThrowIfNull(queryCustomization);
        _options = _options with { CustomizeQuery = queryCustomization };
    }

    public void ExistingDbContext<TContext>()
        where TContext : DbContext
    {
        _options = _options with { ContextType = typeof(TContext) };
    }

    public void AddDbContext<TContext, TImplementation>(Action<IServiceProvider, DbContextOptionsBuilder<TImplementation>>? optionsAction = null)
        where TContext : DbContext
        where TImplementation : DbContext, TContext
    {
        // By the implementation: two sagas may well have a DbContext each, and both say AddDbContext<DbContext, ...>.
        _options = _options with { ContextType = typeof(TImplementation) };
        _registerContext = services =>
        {
            services.AddDbContext<TImplementation>((provider, builder) =>
                optionsAction?.Invoke(provider, (DbContextOptionsBuilder<TImplementation>)builder));
            services.TryAddScoped<TContext>(provider => provider.GetRequiredService<TImplementation>());
        };
    }

    public void Register(ISagaRepositoryRegistrationConfigurator<TSaga> services)
    {
        if (_options.ContextType is null)
        {
            throw new ConfigurationException(
                $"The repository of {TypeCache<TSaga>.ShortName} has no DbContext: call r.ExistingDbContext<T>() or r.AddDbContext<T, TImplementation>() in EntityFrameworkRepository.");
        }

        _registerContext(services);
        services.AddSingleton(_options);
        services.RegisterLoadSagaRepository<TSaga, SagaRepositoryContextFactory<TSaga>>();
        services.RegisterQuerySagaRepository<TSaga, SagaRepositoryContextFactory<TSaga>>();
        services.RegisterSagaRepository<TSaga, DbContext, SagaConsumeContextFactory<DbContext, TSaga>, SagaRepositoryContextFactory<TSaga>>();
        services.AddScoped<ISagaDbContext<TSaga>, ScopedSagaDbContext<TSaga>>();
    }
}
