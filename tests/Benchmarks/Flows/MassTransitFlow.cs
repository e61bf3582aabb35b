using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Benchmarks.Flows;

/// <summary>
/// MassTransit on EF Core as a service uses it, with the transactional outbox and the inbox; or without both, to tell what they cost
/// from what MassTransit and EF Core do. Without them a crash loses messages, as it does in the raw twin.
/// </summary>
sealed class MassTransitFlow(IHost host, OrderCompletion completion, bool outbox) : IOrderFlow
{
    public static async Task<IOrderFlow> StartAsync(string connectionString, Uri broker, bool outbox)
    {
        OrderCompletion completion = new();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(completion).AddSingleton(new FlowSettings(outbox));
        builder.Services.Configure<MassTransitHostOptions>(x => x.WaitUntilStarted = true);
        builder.Services.AddDbContextPool<BenchmarkDbContext>(x => x.UseNpgsql(connectionString + Schema.ConnectionSettings));
        builder.Services.AddMassTransit(bus =>
        {
            bus.AddConsumer<PayConsumer>();
            bus.AddConsumer<ShipConsumer>();
            if (outbox)
            {
                bus.AddEntityFrameworkOutbox<BenchmarkDbContext>(x =>
                {
                    x.UsePostgres();
                    x.UseBusOutbox();
                });
            }

            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.PrefetchCount = Schema.Prefetch;
                endpoint.ConcurrentMessageLimit = Schema.AtATime;
                if (outbox)
                    endpoint.UseEntityFrameworkOutbox<BenchmarkDbContext>(context);
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                    rabbit.SetQuorumQueue(1);
            });
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker);
                // MassTransit indents JSON unless told otherwise, which the broker, the database and the log would all carry.
                rabbit.ConfigureJsonSerializerOptions(json =>
                {
                    json.WriteIndented = false;
                    return json;
                });
                rabbit.ConnectReceiveObserver(new ShippedObserver(completion));
                rabbit.ConfigureEndpoints(context);
            });
        });

        var host = builder.Build();
        await host.StartAsync();
        return new MassTransitFlow(host, completion, outbox);
    }

    public async Task PlaceOrder(Guid orderId)
    {
        var shipped = completion.Expect(orderId);
        await Submit(orderId);
        await shipped;
    }

    async Task Submit(Guid orderId)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BenchmarkDbContext>();
        var publish = scope.ServiceProvider.GetRequiredService<IPublishEndpoint>();
        OrderSubmitted submitted = new(orderId, Schema.Filler);

        database.Orders.Add(new OrderRow { Id = orderId, Note = "order" });
        if (outbox)
        {
            // Both are stored by the same SaveChanges.
            await publish.Publish(submitted);
            await database.SaveChangesAsync();
        }
        else
        {
            await database.SaveChangesAsync();
            await publish.Publish(submitted);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
