using Hosting;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Messaging;

/// <summary>What every service's bus shares.</summary>
public static class MessagingSetup
{
    /// <summary>
    /// Adds the bus on <c>ConnectionStrings:Broker</c>: quorum queues, outbox and inbox over <typeparamref name="TDbContext" />,
    /// retries and the shared dead letters on every endpoint. It starts when the schema is there. Until then the service is not
    /// ready; a broker that is lost later only degrades it, for what it accepts waits in the outbox.
    /// </summary>
    /// <param name="builder">The service, which has called <see cref="DatabaseSetup.AddDatabase{TDbContext}" />.</param>
    /// <param name="configure">Registers the service's consumers and sagas; a definition may implement <see cref="IAdjustEndpoint" />.</param>
    public static void AddMessaging<TDbContext>(this IHostApplicationBuilder builder, Action<IBusRegistrationConfigurator> configure)
        where TDbContext : DbContext
    {
        var services = builder.Services;

        services.AddSingleton<IValidateOptions<BrokerOptions>, BrokerOptionsValidator>();
        services.AddOptions<BrokerOptions>()
            .Configure<IConfiguration>((options, configuration) => options.Uri = configuration[BrokerOptions.Setting] ?? "")
            .ValidateOnStart();

        services.AddSingleton<MessagingMetrics>();
        services.AddDeadLetters<TDbContext>();

        services.AddMassTransit(bus =>
        {
            // MassTransit would report home how it is used.
            bus.DisableUsageTelemetry();
            bus.SetKebabCaseEndpointNameFormatter();

            bus.AddEntityFrameworkOutbox<TDbContext>(outbox =>
            {
                outbox.UsePostgres();
                outbox.UseBusOutbox();
            });

            configure(bus);

            var adjustments = new EndpointAdjustments(services);
            bus.AddConfigureEndpointsCallback((context, name, endpoint) =>
                endpoint.UseConventions<TDbContext>(context, name, adjustments.For(name, context)));

            bus.UsingRabbitMq((context, rabbit) => rabbit.UseServiceConventions(context, builder.Environment.ApplicationName));
        });

        services.RemoveMassTransitHostedService();
        services.AddHostedService<BusLifetime>();
    }

    private static void UseServiceConventions(this IRabbitMqBusFactoryConfigurator rabbit, IBusRegistrationContext context, string applicationName)
    {
        var service = applicationName.ToLowerInvariant();
        var broker = context.GetRequiredService<IOptions<BrokerOptions>>().Value.Address;

        rabbit.Host(broker.Host, broker.Port, broker.VirtualHost, service, host =>
        {
            host.Username(broker.Username);
            host.Password(broker.Password);
            host.OutlastSlowBroker();
            if (broker.Tls)
                host.UseSsl(ssl => ssl.ServerName = broker.Host);
        });

        // Its default name carries the machine's; this one is the same wherever the service runs.
        rabbit.OverrideDefaultBusEndpointQueueName($"bus-{service}");

        // MassTransit indents JSON unless told otherwise; the broker, the outbox and the database's log would all carry the spaces.
        rabbit.ConfigureJsonSerializerOptions(json =>
        {
            json.WriteIndented = false;
            return json;
        });

        rabbit.ReplaceBrokenConnections();
        rabbit.UseDeadLetterQueue();
        rabbit.UseMandatorySends();
        rabbit.UseConsumeFilter(typeof(OrderLogFilter<>), context);
        rabbit.ConfigureEndpoints(context);
    }

    private static void UseConventions<TDbContext>(
        this IReceiveEndpointConfigurator endpoint,
        IRegistrationContext context,
        string name,
        EndpointConventions conventions)
        where TDbContext : DbContext
    {
        if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
            rabbit.SetQuorumQueue();

        endpoint.PrefetchCount = conventions.PrefetchCount;

        // Nobody asks for them, and each would create an exchange that no route knows.
        endpoint.PublishFaults = false;
        endpoint.MoveToDeadLetters(name);

        // The order matters: a message leaves for a wait queue only when retrying in place has not helped. The outbox stands inside
        // of both wherever it is called, because it is a filter of the consumer: each attempt has a transaction of its own.
        var metrics = context.GetRequiredService<MessagingMetrics>();
        endpoint.UseDelayedRetries(new DelayedRetries(name, conventions, metrics), endpoint.UseKillSwitch(name, conventions.KillSwitch, context));
        endpoint.UseMessageRetry(retry =>
        {
            retry.ConnectRetryObserver(new ImmediateRetryCounter(name, metrics));
            retry.SetRetryPolicy(_ => new FullJitterRetryPolicy(new RetryableExceptions(conventions.NeverRetried), conventions.Immediate));
        });

        if (conventions.UseOutbox)
            endpoint.UseEntityFrameworkOutbox<TDbContext>(context);
    }
}
