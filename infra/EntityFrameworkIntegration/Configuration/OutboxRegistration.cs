using MassTransit.Configuration;
using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration.Bus;
using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using MassTransit.EntityFrameworkCoreIntegration.Monitoring;
using MassTransit.EntityFrameworkCoreIntegration.Saving;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Update;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace MassTransit.EntityFrameworkCoreIntegration.Configuration;

/// <summary>Puts an outbox into the container, and finds it again for a receive endpoint.</summary>
abstract class OutboxRegistration(Type contextType, TransactionalOutbox outbox)
{
    public Type ContextType { get; } = contextType;
    public TransactionalOutbox Outbox { get; } = outbox;

    protected abstract bool Owns(IRegistrationContext context);

    public static void Register<TDbContext>(IBusRegistrationConfigurator configurator, OutboxOptions options)
        where TDbContext : DbContext
    {
        var busType = configurator.GetType().GetInterfaces()
            .Where(x => x.IsGenericType && x.GetGenericTypeDefinition() == typeof(IBusRegistrationConfigurator<>))
            .Select(x => x.GetGenericArguments()[0])
            .FirstOrDefault(x => x != typeof(IBus)) ?? typeof(IBus);

        var register = typeof(OutboxRegistration).GetMethod(nameof(RegisterForBus), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!;
        register.MakeGenericMethod(typeof(TDbContext), busType).Invoke(null, [configurator, options]);
    }

    static void RegisterForBus<TDbContext, TBus>(IServiceCollection services, OutboxOptions options)
        where TDbContext : DbContext
        where TBus : class, IBus
    {
        if (services.Any(x => x.ServiceType == typeof(ForBus<TDbContext, TBus>)))
            throw OutboxConfigurator.Error(typeof(TDbContext), $"AddEntityFrameworkOutbox<{typeof(TDbContext).Name}> was called twice on the same bus");

        services.AddSingleton(provider => new ForBus<TDbContext, TBus>(
            new TransactionalOutbox(typeof(TDbContext), typeof(TBus), options, provider), provider));
        services.AddSingleton<OutboxRegistration>(provider => provider.GetRequiredService<ForBus<TDbContext, TBus>>());
        services.AddSingleton<IHostedService>(provider => new OutboxHostedService(provider.GetRequiredService<ForBus<TDbContext, TBus>>().Outbox));

        // Every bus connects the observers of the container.
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ISendObserver>(SendFaultObserver.Instance));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPublishObserver>(SendFaultObserver.Instance));

        services.ConfigureDbContext<TDbContext>(builder => builder.ReplaceService<IModificationCommandBatchFactory, SaveBatches>());

        services.AddHealthChecks().Add(new HealthCheckRegistration(
            typeof(TBus) == typeof(IBus) ? $"outbox-{typeof(TDbContext).Name}" : $"outbox-{typeof(TDbContext).Name}-{typeof(TBus).Name}",
            provider => new OutboxHealthCheck(provider.GetRequiredService<ForBus<TDbContext, TBus>>().Outbox),
            HealthStatus.Unhealthy, ["ready", "outbox"]));

        if (!options.UsesBusOutbox)
        {
            if (services.Any(x => x.ServiceType == typeof(IScopedBusContextProvider<TBus>) && x.ImplementationType == typeof(ScopedBusContextProvider<TBus>)))
                services.ReplaceScoped<IScopedBusContextProvider<TBus>, ConsumerOutboxContextProvider<TBus>>();
            return;
        }

        if (services.Any(x => x.ServiceType == typeof(IScopedBusContextProvider<TBus>) && x.ImplementationType?.Name == typeof(BusOutboxContextProvider<,>).Name))
            throw OutboxConfigurator.Error(typeof(TDbContext), "another DbContext already has the bus outbox of this bus; a scope's messages can go into one only");

        services.ReplaceScoped<IScopedBusContextProvider<TBus>, BusOutboxContextProvider<TDbContext, TBus>>();

        if (services.All(x => x.ServiceType != typeof(CommitInterceptor<TDbContext>)))
        {
            services.AddSingleton<CommitInterceptor<TDbContext>>();
            services.ConfigureDbContext<TDbContext>((provider, builder) =>
                builder.AddInterceptors(provider.GetRequiredService<CommitInterceptor<TDbContext>>()));
        }
    }

    /// <exception cref="ConfigurationException">The outbox was not added to the bus of <paramref name="context" />.</exception>
    public static TransactionalOutbox Find<TDbContext>(IRegistrationContext context)
        where TDbContext : DbContext
    {
        var candidates = context.GetServices<OutboxRegistration>().Where(x => x.ContextType == typeof(TDbContext)).ToList();
        return candidates.FirstOrDefault(x => x.Owns(context))?.Outbox
            ?? throw new ConfigurationException(
                $"UseEntityFrameworkOutbox<{typeof(TDbContext).Name}> needs AddEntityFrameworkOutbox<{typeof(TDbContext).Name}>(o => o.UsePostgres()) in the same bus's registration.");
    }

    sealed class ForBus<TDbContext, TBus>(TransactionalOutbox outbox, IServiceProvider provider) : OutboxRegistration(typeof(TDbContext), outbox), IDisposable
        where TBus : class, IBus
    {
        public void Dispose() => Outbox.Dispose();

        protected override bool Owns(IRegistrationContext context)
        {
            return ReferenceEquals(provider.GetRequiredService<Bind<TBus, IBusRegistrationContext>>().Value, context);
        }
    }

    /// <summary>The outbox of a DbContext and bus.</summary>
    public static TransactionalOutbox Of<TDbContext, TBus>(IServiceProvider provider)
        where TDbContext : DbContext
        where TBus : class, IBus
    {
        return provider.GetRequiredService<ForBus<TDbContext, TBus>>().Outbox;
    }
}
