using System.Data;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>The saga repository's options, each seen to act.</summary>
public class SagaRepositoryTests : OutboxTest
{
    [Fact]
    public async Task A_provider_keeps_every_saga_that_has_no_repository_of_its_own()
    {
        await using var host = await NewHost()
            .Bus(x =>
            {
                x.SetEntityFrameworkSagaRepositoryProvider(r =>
                {
                    r.ExistingDbContext<TestDbContext>();
                    r.ConcurrencyMode = ConcurrencyMode.Optimistic;
                    r.UsePostgres();
                });
                x.AddSagaStateMachine<CounterStateMachine, CounterSaga>();
                x.AddSagaStateMachine<BasketStateMachine, BasketSaga>().InMemoryRepository();
            })
            .Endpoint(Retrying).StartAsync();
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.Bus.Publish(new CountUp(id))));
        await host.Bus.Publish(new AddToBasket(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 10"), "counters at 10");
        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Basket") == 0, "the basket is kept in memory");
        (await RabbitMq.Depth(Broker.Uri, "Basket_error")).ShouldBe(0u);
    }

    [Fact]
    public async Task A_locked_saga_is_loaded_with_its_rows_in_other_tables_as_they_are_when_it_has_the_lock()
    {
        const int items = 30;
        await CreateBaskets();
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO baskets VALUES ('{id}', 'Filling')");
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<BasketStateMachine, BasketSaga>().EntityFrameworkRepository(r =>
            {
                r.AddDbContext<DbContext, BasketDbContext>((_, o) => o.UseNpgsql(Database.OwnerConnectionString));
                r.ConcurrencyMode = ConcurrencyMode.Pessimistic;
                r.CustomizeQuery(q => q.Include(s => s.Items));
                r.UsePostgres();
            }))
            .Endpoint((_, _, _) => { }).StartAsync();

        await Task.WhenAll(Enumerable.Range(0, items).Select(_ => host.Bus.Publish(new AddToBasket(id))));

        // Each is numbered by how many there were: two that had seen the same would break the key.
        await Eventually.TrueAsync(async () => await Count("basket_items") + await RabbitMq.Depth(Broker.Uri, "Basket_error") == items, "all messages are handled");
        (await Count("basket_items")).ShouldBe(items);
    }

    [Fact]
    public async Task A_customized_query_says_which_sagas_there_are()
    {
        var (open, hidden) = (NewId.NextGuid(), NewId.NextGuid());
        await Execute($"INSERT INTO counters VALUES ('{open}', 'Counting', 'red', 0), ('{hidden}', 'Counting', 'hidden', 0)");
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<MissingStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ExistingDbContext<TestDbContext>();
                r.ConcurrencyMode = ConcurrencyMode.Optimistic;
                r.CustomizeQuery(q => q.Where(s => s.Name != "hidden"));
                r.UsePostgres();
            }))
            .Endpoint(Retrying).StartAsync();

        await host.Bus.Publish(new CountUp(hidden), TestContext.Current.CancellationToken);
        await host.Bus.Publish(new CountUpByName("hidden"), TestContext.Current.CancellationToken);
        await host.Bus.Publish(new CountUp(open), TestContext.Current.CancellationToken);
        await host.Bus.Publish(new CountUpByName("red"), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 2"), "counters at 2");
        await Eventually.EqualAsync(4L, () => Count("inbox_state"), "consumed messages");
        (await Count("counters", "\"Name\" = 'hidden' AND \"Count\" = 0")).ShouldBe(1);
        (await host.Services.GetRequiredService<ILoadSagaRepository<CounterSaga>>().Load(hidden)).ShouldBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lock_statement_of_the_applications_own_is_used_wherever_it_is_set(bool first)
    {
        RecordingLockStatements statements = new();
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.AddDbContext<DbContext, UnguardedSagaDbContext>((_, o) => o.UseNpgsql(Database.ConnectionString));
                if (first)
                    r.LockStatementProvider = statements;
                r.UsePostgres();
                if (!first)
                    r.LockStatementProvider = statements;
            }))
            .Endpoint((_, _, _) => { }).StartAsync();
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO counters VALUES ('{id}', 'Counting', '', 0)");

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.Bus.Publish(new CountUp(id))));

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 10"), "counters at 10");
        statements.Asked.ShouldBe(10);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic, IsolationLevel.RepeatableRead, "repeatable read")]
    [InlineData(ConcurrencyMode.Pessimistic, IsolationLevel.RepeatableRead, "repeatable read")]
    [InlineData(ConcurrencyMode.Optimistic, IsolationLevel.Serializable, "serializable")]
    [InlineData(ConcurrencyMode.Pessimistic, IsolationLevel.Serializable, "serializable")]
    [InlineData(ConcurrencyMode.Pessimistic, IsolationLevel.ReadCommitted, "read committed")]
    public async Task An_isolation_level_is_that_of_the_sagas_transaction_and_every_update_counts(ConcurrencyMode mode, IsolationLevel level, string name)
    {
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<IsolationStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ExistingDbContext<TestDbContext>();
                r.ConcurrencyMode = mode;
                r.IsolationLevel = level;
                r.UsePostgres();
            }))
            .Endpoint((_, _, endpoint) => endpoint.UseMessageRetry(x => x.Intervals([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(25), 200)])))
            .StartAsync();
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Bus.Publish(new CountUp(id))));

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 20"), "counters at 20");
        host.Journal.Of<string>().Distinct().ShouldBe([name]);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic, true)]
    [InlineData(ConcurrencyMode.Optimistic, false)]
    [InlineData(ConcurrencyMode.Pessimistic, true)]
    public async Task Of_two_messages_that_create_the_same_saga_without_a_retry_one_does_and_the_other_can_be_replayed(ConcurrencyMode mode, bool outbox)
    {
        await using var host = await NewHost()
            .Services(x => x.AddSingleton<Meeting>())
            .Bus(x => x.AddSagaStateMachine<MeetingAtBirthStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ExistingDbContext<TestDbContext>();
                r.ConcurrencyMode = mode;
                r.UsePostgres();
            }))
            .Consumer<RecordCountConsumer>()
            .Endpoint((context, name, endpoint) =>
            {
                if (outbox || name != "Counter")
                    endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync();
        var id = NewId.NextGuid();

        await Task.WhenAll(host.Bus.Publish(new CountUp(id)), host.Bus.Publish(new CountUp(id)));

        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "Counter_error"), "messages in the error queue");
        (await Count("counters", "\"Count\" = 1")).ShouldBe(1);

        var failed = await RabbitMq.Receive(Broker.Uri, "Counter_error");
        await RabbitMq.PublishRaw(Broker.Uri, "Counter", System.Text.Encoding.UTF8.GetString(failed.Body.Span), failed.BasicProperties.ContentType!);

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 2"), "counters at 2");
        if (outbox)
        {
            await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<Counted>()), "counts told");
            host.Journal.Of<Counted>().Select(x => x.Count).ShouldBe([1, 2], "the one that failed has told nothing");
        }

        await OutboxIsEmpty();
    }

    static void Retrying(IBusRegistrationContext context, string name, IReceiveEndpointConfigurator endpoint)
    {
        endpoint.UseMessageRetry(x => x.Intervals([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(25), 200)]));
        endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
    }

    async Task CreateBaskets()
    {
        await using BasketDbContext context = new(new DbContextOptionsBuilder<BasketDbContext>().UseNpgsql(Database.OwnerConnectionString).Options);
        await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
    }
}

/// <summary>Asks PostgreSQL's own, and counts.</summary>
public sealed class RecordingLockStatements : ILockStatementProvider
{
    readonly PostgresLockStatementProvider _postgres = new();
    int _asked;

    public int Asked => Volatile.Read(ref _asked);

    public string GetRowLockStatement<T>(DbContext context)
        where T : class
    {
        Interlocked.Increment(ref _asked);
        return _postgres.GetRowLockStatement<T>(context);
    }

    public string GetRowLockStatement<T>(DbContext context, params string[] propertyNames)
        where T : class
    {
        return _postgres.GetRowLockStatement<T>(context, propertyNames);
    }
}

public record AddToBasket(Guid BasketId);

public class BasketSaga : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string CurrentState { get; set; } = "";
    public ICollection<BasketItem> Items { get; } = [];
}

public class BasketItem
{
    public Guid BasketId { get; set; }
    public int Number { get; set; }
}

public class BasketMap : SagaClassMap<BasketSaga>
{
    protected override void Configure(EntityTypeBuilder<BasketSaga> entity, ModelBuilder model)
    {
        entity.ToTable("baskets");
        entity.HasMany(x => x.Items).WithOne().HasForeignKey(x => x.BasketId);
        model.Entity<BasketItem>().ToTable("basket_items").HasKey(x => new { x.BasketId, x.Number });
        model.Entity<BasketItem>().Property(x => x.Number).ValueGeneratedNever();
    }
}

public class BasketDbContext(DbContextOptions<BasketDbContext> options) : SagaDbContext(options)
{
    protected override IEnumerable<ISagaClassMap> Configurations => [new BasketMap()];
}

public class BasketStateMachine : MassTransitStateMachine<BasketSaga>
{
    public BasketStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => Add, x => x.CorrelateById(m => m.Message.BasketId));
        Initially(Added());
        During(Filling, Added());
    }

    EventActivityBinder<BasketSaga, AddToBasket> Added()
    {
        return When(Add).Then(x => x.Saga.Items.Add(new BasketItem { BasketId = x.Saga.CorrelationId, Number = x.Saga.Items.Count + 1 })).TransitionTo(Filling);
    }

    public State Filling { get; } = null!;

    public Event<AddToBasket> Add { get; } = null!;
}

/// <summary>Counts what is there, and discards what is not.</summary>
public class MissingStateMachine : MassTransitStateMachine<CounterSaga>
{
    public MissingStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x =>
        {
            x.CorrelateById(m => m.Message.CounterId);
            x.OnMissingInstance(m => m.Discard());
        });
        Event(() => CountUpByName, x =>
        {
            x.CorrelateBy((saga, m) => saga.Name == m.Message.Name);
            x.OnMissingInstance(m => m.Discard());
        });

        During(Counting, When(CountUp).Then(x => x.Saga.Count++), When(CountUpByName).Then(x => x.Saga.Count++));
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;

    public Event<CountUpByName> CountUpByName { get; } = null!;
}

/// <summary>Counts, and records the isolation level.</summary>
public class IsolationStateMachine : MassTransitStateMachine<CounterSaga>
{
    public IsolationStateMachine(Journal journal)
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x => x.CorrelateById(m => m.Message.CounterId));
        Initially(Counted());
        During(Counting, Counted());

        EventActivityBinder<CounterSaga, CountUp> Counted() => When(CountUp).ThenAsync(async x =>
        {
            var database = x.GetPayload<IServiceProvider>().GetRequiredService<TestDbContext>();
            journal.Add(await database.Database.SqlQueryRaw<string>("SELECT current_setting('transaction_isolation') AS \"Value\"").SingleAsync());
            x.Saga.Count++;
        }).TransitionTo(Counting);
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;
}

/// <summary>Creates the saga only when two messages have found that there is none.</summary>
public class MeetingAtBirthStateMachine : MassTransitStateMachine<CounterSaga>
{
    public MeetingAtBirthStateMachine(Meeting meeting)
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x => x.CorrelateById(m => m.Message.CounterId));

        Initially(When(CountUp)
            .ThenAsync(_ => meeting.Arrive())
            .Then(x => x.Saga.Count++)
            .Publish(x => new Counted(x.Saga.CorrelationId, x.Saga.Count))
            .TransitionTo(Counting));
        During(Counting, When(CountUp)
            .Then(x => x.Saga.Count++)
            .Publish(x => new Counted(x.Saga.CorrelationId, x.Saga.Count)));
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;
}
