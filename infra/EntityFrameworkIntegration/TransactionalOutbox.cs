using MassTransit.EntityFrameworkCoreIntegration.Capture;
using MassTransit.EntityFrameworkCoreIntegration.Configuration;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using MassTransit.EntityFrameworkCoreIntegration.Monitoring;
using MassTransit.Transports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>The outbox of one bus on one DbContext: what its consumers, its scopes and its sweeper share.</summary>
sealed class TransactionalOutbox : IDisposable
{
    readonly Type _busType;
    readonly IServiceProvider _provider;
    volatile bool _stopping;

    public TransactionalOutbox(Type contextType, Type busType, OutboxOptions options, IServiceProvider provider)
    {
        _busType = busType;
        _provider = provider;
        ContextType = contextType;
        Options = options;
        BusName = busType == typeof(IBus) ? "" : busType.FullName!;
        Time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("MassTransit.Outbox");

        Metrics = new OutboxMetrics(contextType.Name, BusName);
        Database = new OutboxDatabase(contextType, provider.GetRequiredService<IServiceScopeFactory>());
        Completion = new OutboxCompletion(Database, options.QueryTimeout, Time, Logger);
        Sweeper = new OutboxSweeper(BusName, () => Bus, IsBusHealthy, options, Database, Completion, Metrics, Time, Logger);
        Watch = new OutboxWatch(BusName, options, Database, Metrics, Time, Logger);
        Trimmer = new InboxTrimmer(BusName, options, LongestWindow, Database, Time, Logger);
        Delivery = new OutboxDelivery(options, Completion, Metrics, Sweeper.Wake, Time, Logger);
    }

    public Type ContextType { get; }
    public string BusName { get; }
    public OutboxOptions Options { get; }
    public OutboxDatabase Database { get; }
    public OutboxCompletion Completion { get; }
    public OutboxDelivery Delivery { get; }
    public OutboxSweeper Sweeper { get; }
    public OutboxWatch Watch { get; }
    public InboxTrimmer Trimmer { get; }
    public OutboxMetrics Metrics { get; }
    public TimeProvider Time { get; }
    public ILogger Logger { get; }

    IBus Bus => (IBus)_provider.GetRequiredService(_busType);

    /// <summary>
    /// While true, who commits waits until its messages are confirmed, so that an endpoint that stops has sent what it consumed.
    /// </summary>
    public bool IsStopping { get => _stopping; set => _stopping = value; }

    /// <summary>Sends what a transaction of this process has just committed.</summary>
    public Task SendCommitted(IReadOnlyList<OutgoingMessage> messages, int limit, TimeSpan timeout)
    {
        var sending = Delivery.Send(messages, limit, timeout);
        return _stopping ? sending : Task.CompletedTask;
    }

    // The buses of a DbContext share its inbox, and none may forget what another must remember.
    TimeSpan LongestWindow() => _provider.GetServices<OutboxRegistration>().Where(x => x.ContextType == ContextType)
        .Max(x => x.Outbox.Options.DuplicateDetectionWindow);

    bool IsBusHealthy()
    {
        var instance = _provider.GetServices<IBusInstance>().FirstOrDefault(x => x.InstanceType == _busType);
        return instance?.BusControl.CheckHealth().Status == BusHealthStatus.Healthy;
    }

    public void Dispose()
    {
        Sweeper.Dispose();
        Database.Dispose();
        Metrics.Dispose();
    }
}
