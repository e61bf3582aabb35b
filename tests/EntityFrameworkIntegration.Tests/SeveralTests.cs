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
        await using var host = await NewHost().Consumer<RecordPaidConsumer>()
            .Services(services => services.AddMassTransit<ISecondBus>(bus =>
            {
                bus.AddConsumer<RecordCountConsumer>();
                bus.AddEntityFrameworkOutbox<TestDbContext>(x =>
                {
                    x.UsePostgres();
                    x.UseBusOutbox();
                });
                bus.AddConfigureEndpointsCallback((context, _, endpoint) => endpoint.UseEntityFrameworkOutbox<TestDbContext>(context));
                bus.UsingRabbitMq((context, rabbit) =>
                {
                    rabbit.Host(secondBroker.Uri);
                    rabbit.ConfigureEndpoints(context);
                });
            })).StartAsync();

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
        await Rows.Insert(Sql, secondBroker, 1, "clock_timestamp()");
        await Execute($"UPDATE outbox_message SET bus_name = '{typeof(ISecondBus).FullName}'");
        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(secondBroker.Uri, "target"), "messages on the second broker");
        await RabbitMq.Close(secondBroker.Uri);
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

    [Fact]
    public async Task The_migration_creates_what_the_model_describes()
    {
        await using var modelDatabase = await (await Servers.GetAsync()).CreateDatabaseAsync("model");
        await using (var context = TestDbContext.On(modelDatabase.OwnerConnectionString))
            await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);

        (await Describe(Database.OwnerConnectionString)).ShouldBe(await Describe(modelDatabase.OwnerConnectionString));
    }

    static async Task<string> Describe(string connectionString)
    {
        await using var sql = Npgsql.NpgsqlDataSource.Create(connectionString);
        await using var command = sql.CreateCommand(
            """
            SELECT string_agg(line, E'\n' ORDER BY line) FROM (
              SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
              FROM information_schema.columns WHERE table_name IN ('inbox_state', 'outbox_message', 'outbox_state')
              UNION ALL
              SELECT indexdef FROM pg_indexes WHERE tablename IN ('inbox_state', 'outbox_message', 'outbox_state')) x
            """);
        return (string)(await command.ExecuteScalarAsync())!;
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
