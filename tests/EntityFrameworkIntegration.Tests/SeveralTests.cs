using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

public interface ISecondBus : IBus;

/// <summary>Several buses and several DbContexts in one process, each with its own outbox.</summary>
public class SeveralTests : OutboxTest
{
    [Fact]
    public async Task Two_buses_over_one_DbContext_keep_their_messages_apart()
    {
        await using var secondBroker = await (await Servers.GetAsync()).CreateVirtualHostAsync("second");
        await using var host = await SecondBus<RecordCountConsumer>(NewHost().Consumer<RecordPaidConsumer>(), secondBroker.Uri).StartAsync();

        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<IPublishEndpoint>().Publish(new OrderPaid(NewId.NextGuid()), TestContext.Current.CancellationToken);
            await scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, IPublishEndpoint>>().Value.Publish(new Counted(NewId.NextGuid(), 1), TestContext.Current.CancellationToken);
            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "messages of the first bus");
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<Counted>()), "messages of the second bus");
        await OutboxIsEmpty();
        (await Count("inbox_state")).ShouldBe(2);

        // A crash's leftovers go to the bus they were meant for.
        await RabbitMq.Declare(secondBroker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, secondBroker, 1, "clock_timestamp() + interval '1 hour'");
        await Execute($"UPDATE outbox_message SET bus_name = '{typeof(ISecondBus).FullName}', due = clock_timestamp()");
        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(secondBroker.Uri, "target"), "messages on the second broker");
        await RabbitMq.Close(secondBroker.Uri);
    }

    [Fact]
    public async Task One_message_that_reaches_a_consumer_through_two_buses_is_consumed_on_each()
    {
        await using var secondBroker = await (await Servers.GetAsync()).CreateVirtualHostAsync("second");
        await using var host = await SecondBus<RecordPaidConsumer>(NewHost().Consumer<RecordPaidConsumer>(), secondBroker.Uri).StartAsync();
        var messageId = NewId.NextGuid();

        foreach (var bus in new[] { host.Bus, host.Services.GetRequiredService<ISecondBus>() })
        {
            for (var i = 0; i < 2; i++)
                await bus.Publish(new OrderPaid(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);
            await bus.Publish(new OrderPaid(NewId.NextGuid(), 1), TestContext.Current.CancellationToken);
        }

        await Eventually.EqualAsync(4L, () => Count("inbox_state"), "consumed messages");
        host.Journal.Count<OrderPaid>().ShouldBe(4);
    }

    [Fact]
    public async Task A_bus_with_a_short_window_does_not_forget_what_another_must_remember()
    {
        await using var secondBroker = await (await Servers.GetAsync()).CreateVirtualHostAsync("second");
        await using var host = await SecondBus<RecordCountConsumer>(NewHost().Consumer<RecordPaidConsumer>(), secondBroker.Uri,
            x => x.DuplicateDetectionWindow = TimeSpan.FromSeconds(1)).StartAsync();
        await host.Bus.Publish(new OrderPaid(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("inbox_state"), "consumed messages");

        await Execute("UPDATE inbox_state SET consumed = clock_timestamp() - interval '20 minutes'");
        await Execute("INSERT INTO inbox_state SELECT gen_random_uuid(), gen_random_uuid(), clock_timestamp() - interval '1 day'");

        await Eventually.EqualAsync(0L, () => Count("inbox_state", "consumed < clock_timestamp() - interval '1 hour'"), "messages older than either window");
        (await Count("inbox_state")).ShouldBe(1);
    }

    [Fact]
    public async Task A_host_that_stops_has_sent_what_it_committed_on_each_of_its_buses_however_slow_their_brokers()
    {
        const int messages = 30;
        await using var secondBroker = await (await Servers.GetAsync()).CreateVirtualHostAsync("second");
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPlaced>(), "fanout", "placed");
        await RabbitMq.Declare(secondBroker.Uri, MessageExchange.Of<OrderPlaced>(), "fanout", "placed");
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var secondProxy = TcpProxy.To(secondBroker.Host, secondBroker.Port);
        var host = await SecondBus<RecordCountConsumer>(
            new TestHostBuilder(Database.ConnectionString, Through(Broker.Uri, proxy)).Outbox(Patient), Through(secondBroker.Uri, secondProxy), Patient).StartAsync();
        await using (host)
        {
            await PublishOnBoth();
            await OutboxIsEmpty();

            proxy.Delay = TimeSpan.FromSeconds(1);
            secondProxy.Delay = TimeSpan.FromSeconds(2);
            await Task.WhenAll(Enumerable.Range(0, messages).Select(_ => PublishOnBoth()));
            (await Count("outbox_message")).ShouldBe(2 * messages);
            await host.StopAsync();

            (await Count("outbox_message")).ShouldBe(0);
        }

        (await RabbitMq.Depth(Broker.Uri, "placed")).ShouldBe(messages + 1u);
        (await RabbitMq.Depth(secondBroker.Uri, "placed")).ShouldBe(messages + 1u);
        await RabbitMq.Close(secondBroker.Uri);

        async Task PublishOnBoth()
        {
            await using var scope = host.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<IPublishEndpoint>().Publish(new OrderPlaced(NewId.NextGuid()));
            await scope.ServiceProvider.GetRequiredService<Bind<ISecondBus, IPublishEndpoint>>().Value.Publish(new OrderPlaced(NewId.NextGuid()));
            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync();
        }
    }

    [Fact]
    public async Task Two_DbContexts_have_an_outbox_each()
    {
        await using var secondDatabase = await (await Servers.GetAsync()).CreateDatabaseAsync("second");
        await using (SecondDbContext context = new(new DbContextOptionsBuilder<SecondDbContext>().UseNpgsql(secondDatabase.OwnerConnectionString).Options))
        {
            await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);
        }

        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<RecordPaidConsumer>()
            .Services(x => x.AddDbContext<SecondDbContext>(o => o.UseNpgsql(secondDatabase.OwnerConnectionString)))
            .Bus(x => x.AddEntityFrameworkOutbox<SecondDbContext>(o => o.UsePostgres()))
            .Endpoint((context, name, endpoint) =>
            {
                if (name == "RecordPaid")
                    endpoint.UseEntityFrameworkOutbox<SecondDbContext>(context);
                else
                    endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync();

        await host.PublishAndSave(new OrderPlaced(NewId.NextGuid()));

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        (await Count("inbox_state")).ShouldBe(1);
        await using var sql = Npgsql.NpgsqlDataSource.Create(secondDatabase.OwnerConnectionString);
        await using var command = sql.CreateCommand("SELECT count(*) FROM app.inbox_state");
        await Eventually.EqualAsync(1L, async () => (long)(await command.ExecuteScalarAsync())!, "messages in the second inbox");
    }

    [Fact]
    public async Task A_saga_in_another_DbContext_than_the_outbox_is_refused_with_a_reason()
    {
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = ConcurrencyMode.Pessimistic;
                r.AddDbContext<DbContext, OtherSagaDbContext>((_, o) => o.UseNpgsql(Database.ConnectionString));
                r.UsePostgres();
            })).StartAsync();

        await host.Bus.Publish(new CountUp(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => host.Logs.Lines.Any(x => x.Contains("Use one DbContext for both", StringComparison.Ordinal)), "the reason is told");
        (await Count("counters")).ShouldBe(0);
    }

    /// <summary>Adds a second bus with a consumer and with an outbox on the same DbContext.</summary>
    static TestHostBuilder SecondBus<TConsumer>(TestHostBuilder builder, Uri broker, Action<IEntityFrameworkOutboxConfigurator>? outbox = null)
        where TConsumer : class, IConsumer
    {
        return builder.Services(services => services.AddMassTransit<ISecondBus>(bus =>
        {
            bus.AddConsumer<TConsumer>();
            bus.AddEntityFrameworkOutbox<TestDbContext>(x =>
            {
                x.UsePostgres();
                x.UseBusOutbox();
                outbox?.Invoke(x);
            });
            bus.AddConfigureEndpointsCallback((context, _, endpoint) => endpoint.UseEntityFrameworkOutbox<TestDbContext>(context));
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker);
                rabbit.ConfigureEndpoints(context);
            });
        }));
    }

    static Uri Through(Uri broker, TcpProxy proxy) => new UriBuilder(broker) { Host = "127.0.0.1", Port = proxy.Port }.Uri;

    /// <summary>Nobody but the host itself sends what it has committed.</summary>
    static void Patient(IEntityFrameworkOutboxConfigurator outbox)
    {
        outbox.LeaseDuration = TimeSpan.FromMinutes(5);
        outbox.UseBusOutbox(x => x.MessageDeliveryTimeout = TimeSpan.FromSeconds(20));
    }
}

public class SecondDbContext(DbContextOptions<SecondDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("app");
        modelBuilder.AddTransactionalOutboxEntities();
    }
}

public class OtherSagaDbContext(DbContextOptions<OtherSagaDbContext> options) : SagaDbContext(options)
{
    protected override IEnumerable<ISagaClassMap> Configurations => [new CounterSagaMap()];
}
