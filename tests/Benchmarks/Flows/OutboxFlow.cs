using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Benchmarks.Flows;

/// <summary>MassTransit on EF Core with the transactional outbox and the inbox, as a service uses them.</summary>
sealed class OutboxFlow(IHost host, OrderCompletion completion) : IOrderFlow
{
    public string Name => "outbox";

    public static async Task<OutboxFlow> StartAsync(string connectionString, Uri broker, Action<IBusRegistrationConfigurator>? configure = null)
    {
        OrderCompletion completion = new();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(completion);
        builder.Services.Configure<MassTransitHostOptions>(x => x.WaitUntilStarted = true);
        builder.Services.AddDbContextPool<BenchmarkDbContext>(x => x.UseNpgsql(connectionString + Schema.ConnectionSettings));
        builder.Services.AddMassTransit(bus =>
        {
            bus.AddConsumer<PayConsumer>();
            bus.AddConsumer<ShipConsumer>();
            bus.AddEntityFrameworkOutbox<BenchmarkDbContext>(x =>
            {
                x.UsePostgres();
                x.UseBusOutbox();
            });
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.PrefetchCount = Schema.Prefetch;
                endpoint.ConcurrentMessageLimit = Schema.AtATime;
                endpoint.UseEntityFrameworkOutbox<BenchmarkDbContext>(context);
                if (endpoint is IRabbitMqReceiveEndpointConfigurator rabbit)
                    rabbit.SetQuorumQueue(1);
            });
            configure?.Invoke(bus);
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
        return new OutboxFlow(host, completion);
    }

    public async Task PlaceOrder(Guid orderId)
    {
        var shipped = completion.Expect(orderId);
        await Submit(orderId);
        await shipped;
    }

    /// <summary>The first step alone.</summary>
    public async Task Submit(Guid orderId)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BenchmarkDbContext>();
        database.Orders.Add(new OrderRow { Id = orderId, Note = "order" });
        await scope.ServiceProvider.GetRequiredService<IPublishEndpoint>().Publish(new OrderSubmitted(orderId, Schema.Filler));
        await database.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}

public record OrderSubmitted(Guid OrderId, string Filler);

public record OrderPaid(Guid OrderId, string Filler);

sealed class PayConsumer(BenchmarkDbContext database) : IConsumer<OrderSubmitted>
{
    public async Task Consume(ConsumeContext<OrderSubmitted> context)
    {
        database.Payments.Add(new PaymentRow { Id = context.Message.OrderId, Amount = 12.34m });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId, context.Message.Filler));
    }
}

sealed class ShipConsumer(BenchmarkDbContext database) : IConsumer<OrderPaid>
{
    public async Task Consume(ConsumeContext<OrderPaid> context)
    {
        database.Shipments.Add(new ShipmentRow { Id = context.Message.OrderId, Carrier = "carrier" });
        await database.SaveChangesAsync(context.CancellationToken);
        context.ReceiveContext.GetOrAddPayload(() => new ShippedOrder(context.Message.OrderId));
    }
}

sealed record ShippedOrder(Guid OrderId);

/// <summary>An order counts as shipped when its last message has been acknowledged, which is after the commit.</summary>
sealed class ShippedObserver(OrderCompletion completion) : IReceiveObserver
{
    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context)
    {
        if (context.TryGetPayload<ShippedOrder>(out var order))
            completion.Complete(order.OrderId);
        return Task.CompletedTask;
    }

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class
    {
        Console.Error.WriteLine($"{consumerType} failed: {exception}");
        return Task.CompletedTask;
    }

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
}

sealed class BenchmarkDbContext(DbContextOptions<BenchmarkDbContext> options) : DbContext(options)
{
    public DbSet<OrderRow> Orders => Set<OrderRow>();

    public DbSet<PaymentRow> Payments => Set<PaymentRow>();

    public DbSet<ShipmentRow> Shipments => Set<ShipmentRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OrderRow>(x =>
        {
            x.ToTable("orders");
            x.Property(o => o.Id).HasColumnName("id");
            x.Property(o => o.Note).HasColumnName("note");
        });
        modelBuilder.Entity<PaymentRow>(x =>
        {
            x.ToTable("payments");
            x.Property(p => p.Id).HasColumnName("id");
            x.Property(p => p.Amount).HasColumnName("amount").HasColumnType("numeric");
        });
        modelBuilder.Entity<ShipmentRow>(x =>
        {
            x.ToTable("shipments");
            x.Property(s => s.Id).HasColumnName("id");
            x.Property(s => s.Carrier).HasColumnName("carrier");
        });
        modelBuilder.AddTransactionalOutboxEntities();
    }
}

[DbContext(typeof(BenchmarkDbContext))]
[Migration("20260101000000_Outbox")]
sealed class OutboxMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Schema.Create);
        migrationBuilder.CreateOutboxTables();
    }
}

sealed class OrderRow
{
    public Guid Id { get; set; }
    public string Note { get; set; } = "";
}

sealed class PaymentRow
{
    public Guid Id { get; set; }
    public decimal Amount { get; set; }
}

sealed class ShipmentRow
{
    public Guid Id { get; set; }
    public string Carrier { get; set; } = "";
}
