using System.Collections.Concurrent;
using MassTransit;
using Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>A service process in miniature: a bus with the outbox on every endpoint, on a database and a broker.</summary>
public sealed class TestHost(IHost host, IBus bus, Journal journal, LogCapture logs) : IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    /// <summary>What the consumers recorded.</summary>
    public Journal Journal { get; } = journal;

    public LogCapture Logs { get; } = logs;

    public IBus Bus { get; } = bus;

    /// <summary>Runs an action in a scope of its own, as a request would.</summary>
    public async Task InScope(Func<TestDbContext, IPublishEndpoint, Task> action)
    {
        await using var scope = Services.CreateAsyncScope();
        await action(scope.ServiceProvider.GetRequiredService<TestDbContext>(), scope.ServiceProvider.GetRequiredService<IPublishEndpoint>());
    }

    public Task PublishAndSave(params object[] messages)
    {
        return InScope(async (context, publish) =>
        {
            foreach (var message in messages)
                await publish.Publish(message);
            await context.SaveChangesAsync();
        });
    }

    public Task StopAsync() => host.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}

/// <summary>Builds a <see cref="TestHost" />; its outbox has short times unless a test sets its own.</summary>
public sealed class TestHostBuilder(string connectionString, Uri broker)
{
    readonly List<Action<IBusRegistrationConfigurator>> _bus = [];
    readonly List<Action<IEntityFrameworkOutboxConfigurator>> _outbox = [];
    readonly List<Action<IServiceCollection>> _services = [];
    readonly List<Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator>> _rabbit = [];
    Action<IServiceCollection>? _database;
    LogLevel _logLevel = LogLevel.Information;
    Action<IBusRegistrationContext, string, IReceiveEndpointConfigurator> _endpoint =
        static (context, _, endpoint) => endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);

    public string ConnectionString { get; } = connectionString;

    public TestHostBuilder Consumer<T>()
        where T : class, IConsumer
    {
        return Bus(x => x.AddConsumer<T>());
    }

    public TestHostBuilder Bus(Action<IBusRegistrationConfigurator> configure)
    {
        _bus.Add(configure);
        return this;
    }

    public TestHostBuilder Outbox(Action<IEntityFrameworkOutboxConfigurator> configure)
    {
        _outbox.Add(configure);
        return this;
    }

    public TestHostBuilder Services(Action<IServiceCollection> configure)
    {
        _services.Add(configure);
        return this;
    }

    public TestHostBuilder RabbitMq(Action<IBusRegistrationContext, IRabbitMqBusFactoryConfigurator> configure)
    {
        _rabbit.Add(configure);
        return this;
    }

    /// <summary>Captures the log from this level; from Information unless told otherwise.</summary>
    public TestHostBuilder Log(LogLevel level)
    {
        _logLevel = level;
        return this;
    }

    /// <summary>Replaces the DbContext's registration.</summary>
    public TestHostBuilder Database(Action<IServiceCollection> configure)
    {
        _database = configure;
        return this;
    }

    /// <summary>Replaces what is configured on each endpoint, the outbox included.</summary>
    public TestHostBuilder Endpoint(Action<IBusRegistrationContext, string, IReceiveEndpointConfigurator> configure)
    {
        _endpoint = configure;
        return this;
    }

    public Task<TestHost> StartAsync()
    {
        // MassTransit keeps its logging in the caller's flow, where it would outlive the host and reach the next one of the same test.
        using (ExecutionContext.SuppressFlow())
            return Task.Run(StartInFlowOfItsOwn);
    }

    async Task<TestHost> StartInFlowOfItsOwn()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        Journal journal = new();
        LogCapture logs = new(_logLevel);
        builder.Services.AddSingleton(journal);
        builder.Logging.SetMinimumLevel(_logLevel).AddProvider(logs);
        builder.Services.Configure<HostOptions>(x => x.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services.Configure<MassTransitHostOptions>(x => x.WaitUntilStarted = true);
        if (_database is not null)
            _database(builder.Services);
        else
            builder.Services.AddDbContext<TestDbContext>(x => x.UseNpgsql(ConnectionString));

        builder.Services.AddMassTransit(bus =>
        {
            bus.AddEntityFrameworkOutbox<TestDbContext>(outbox =>
            {
                outbox.UsePostgres();
                outbox.QueryDelay = TimeSpan.FromMilliseconds(200);
                outbox.LeaseDuration = TimeSpan.FromSeconds(5);
                outbox.RetryDelay = TimeSpan.FromMilliseconds(200);
                outbox.UseBusOutbox(x => x.MessageDeliveryTimeout = TimeSpan.FromSeconds(3));
                foreach (var configure in _outbox)
                    configure(outbox);
            });
            bus.AddConfigureEndpointsCallback((context, name, endpoint) => _endpoint((IBusRegistrationContext)context, name, endpoint));
            foreach (var configure in _bus)
                configure(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker, x => x.OutlastSlowBroker());
                rabbit.ReplaceBrokenConnections();
                foreach (var configure in _rabbit)
                    configure(context, rabbit);
                rabbit.ConfigureEndpoints(context);
            });
        });
        foreach (var configure in _services)
            configure(builder.Services);

        var host = builder.Build();
        await host.StartAsync();
        return new TestHost(host, host.Services.GetRequiredService<IBus>(), journal, logs);
    }
}

/// <summary>What the consumers of one host saw, in order.</summary>
public sealed class Journal
{
    readonly ConcurrentQueue<object> _entries = new();

    public void Add(object entry) => _entries.Enqueue(entry);

    public IReadOnlyList<T> Of<T>() => [.. _entries.OfType<T>()];

    public int Count<T>() => _entries.OfType<T>().Count();
}

public sealed class LogCapture(LogLevel level = LogLevel.Information) : ILoggerProvider
{
    readonly LogLevel _level = level;
    readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    sealed class Logger(LogCapture capture, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel >= capture._level;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                capture._lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
        }
    }
}
