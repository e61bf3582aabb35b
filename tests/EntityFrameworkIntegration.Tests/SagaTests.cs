using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Sagas in both modes, with and without the outbox.</summary>
public class SagaTests : OutboxTest
{
    [Theory]
    [InlineData(ConcurrencyMode.Optimistic, true)]
    [InlineData(ConcurrencyMode.Pessimistic, true)]
    [InlineData(ConcurrencyMode.Optimistic, false)]
    [InlineData(ConcurrencyMode.Pessimistic, false)]
    public async Task Fifty_concurrent_updates_of_one_saga_all_count(ConcurrencyMode mode, bool outbox)
    {
        await using var host = await Start(mode, outbox);
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.Bus.Publish(new CountUp(id))));

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 50"), "counters at 50");
        if (outbox)
        {
            await Eventually.EqualAsync(50, () => Task.FromResult(host.Journal.Of<Counted>().Select(x => x.Count).Distinct().Count()), "counts told");
            host.Journal.Count<Counted>().ShouldBe(50);
            await OutboxIsEmpty();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_messages_that_have_both_loaded_a_saga_one_is_tried_again(bool outbox)
    {
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO counters VALUES ('{id}', 'Counting', '', 0)");
        await using var host = await NewHost()
            .Services(x => x.AddSingleton<Meeting>())
            .Bus(x => x.AddSagaStateMachine<MeetingStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = ConcurrencyMode.Optimistic;
                r.ExistingDbContext<TestDbContext>();
                r.UsePostgres();
            }))
            .Endpoint((context, _, endpoint) =>
            {
                endpoint.UseMessageRetry(x => x.Immediate(3));
                if (outbox)
                    endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            })
            .StartAsync();

        await Task.WhenAll(host.Bus.Publish(new CountUp(id)), host.Bus.Publish(new CountUp(id)));

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Counter") == 0 && await Count("counters", "\"Count\" = 2") == 1,
            "a counter at 2");
        host.Services.GetRequiredService<Meeting>().Arrivals.ShouldBe(3);
    }

    [Fact]
    public async Task A_locked_saga_needs_neither_a_concurrency_token_nor_a_retry()
    {
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO counters VALUES ('{id}', 'Counting', '', 0)");
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = ConcurrencyMode.Pessimistic;
                r.AddDbContext<DbContext, UnguardedSagaDbContext>((_, o) => o.UseNpgsql(Database.ConnectionString));
                r.UsePostgres();
            }))
            .Endpoint((_, _, _) => { })
            .StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.Bus.Publish(new CountUp(id))));

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Counter") == 0 && await Count("counters", "\"Count\" = 50") == 1, "a counter at 50");
        (await RabbitMq.Depth(Broker.Uri, "Counter_error")).ShouldBe(0u);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic)]
    [InlineData(ConcurrencyMode.Pessimistic)]
    public async Task Messages_that_create_the_same_saga_create_one(ConcurrencyMode mode)
    {
        await using var host = await Start(mode, true);
        var ids = Enumerable.Range(0, 20).Select(_ => NewId.NextGuid()).ToList();

        await Task.WhenAll(ids.SelectMany(id => new[] { host.Bus.Publish(new CountUp(id)), host.Bus.Publish(new CountUp(id)) }));

        await Eventually.EqualAsync(20L, () => Count("counters", "\"Count\" = 2"), "counters at 2");
        (await Count("counters")).ShouldBe(20);
    }

    [Fact]
    public async Task A_saga_that_is_inserted_first_is_created_once_without_any_retry()
    {
        await using var host = await NewHost()
            .Bus(x => x.AddSagaStateMachine<InsertingStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = ConcurrencyMode.Pessimistic;
                r.ExistingDbContext<TestDbContext>();
                r.UsePostgres();
            })).StartAsync();
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.Bus.Publish(new CountUp(id))));

        await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 10"), "counters at 10");
        (await RabbitMq.Depth(Broker.Uri, "Counter_error")).ShouldBe(0u);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic)]
    [InlineData(ConcurrencyMode.Pessimistic)]
    public async Task A_query_finds_every_saga_it_matches(ConcurrencyMode mode)
    {
        await using var host = await Start(mode, true);
        for (var i = 0; i < 3; i++)
            await host.Bus.Publish(new CountUp(NewId.NextGuid(), "red"), TestContext.Current.CancellationToken);
        await host.Bus.Publish(new CountUp(NewId.NextGuid(), "blue"), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(4L, () => Count("counters"), "counters");

        for (var i = 0; i < 5; i++)
            await host.Bus.Publish(new CountUpByName("red"), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(3L, () => Count("counters", "\"Name\" = 'red' AND \"Count\" = 6"), "red counters at 6");
        (await Count("counters", "\"Name\" = 'blue' AND \"Count\" = 1")).ShouldBe(1);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic)]
    [InlineData(ConcurrencyMode.Pessimistic)]
    public async Task A_finished_saga_is_deleted(ConcurrencyMode mode)
    {
        await using var host = await Start(mode, true);
        var id = NewId.NextGuid();
        await host.Bus.Publish(new CountUp(id), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("counters"), "counters");

        await host.Bus.Publish(new CloseCounter(id), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(0L, () => Count("counters"), "counters");
    }

    [Fact]
    public async Task A_saga_can_be_loaded_and_found_outside_a_consumer()
    {
        await using var host = await Start(ConcurrencyMode.Pessimistic, true);
        var id = NewId.NextGuid();
        await host.Bus.Publish(new CountUp(id, "green"), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("counters"), "counters");

        (await host.Services.GetRequiredService<ILoadSagaRepository<CounterSaga>>().Load(id)).Count.ShouldBe(1);
        (await host.Services.GetRequiredService<IQuerySagaRepository<CounterSaga>>().Find(new MassTransit.Saga.SagaQuery<CounterSaga>(x => x.Name == "green")))
            .ShouldBe([id]);
    }

    [Theory]
    [InlineData(ConcurrencyMode.Optimistic)]
    [InlineData(ConcurrencyMode.Pessimistic)]
    public async Task A_repository_works_without_a_container(ConcurrencyMode mode)
    {
        TestDbContext Create() => TestDbContext.On(Database.ConnectionString);
        var repository = mode == ConcurrencyMode.Optimistic
            ? EntityFrameworkSagaRepository<CounterSaga>.CreateOptimistic(Create)
            : EntityFrameworkSagaRepository<CounterSaga>.CreatePessimistic(Create);
        var bus = MassTransit.Bus.Factory.CreateUsingRabbitMq(x =>
        {
            x.Host(Broker.Uri);
            x.ReceiveEndpoint("counters", e =>
            {
                e.UseMessageRetry(r => r.Interval(50, TimeSpan.FromMilliseconds(20)));
                e.StateMachineSaga(new CounterStateMachine(), repository);
            });
        });
        await bus.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            var id = NewId.NextGuid();
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => bus.Publish(new CountUp(id))));
            await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 10"), "counters at 10");
        }
        finally
        {
            await bus.StopAsync(TestContext.Current.CancellationToken);
        }
    }

    Task<TestHost> Start(ConcurrencyMode mode, bool outbox)
    {
        return NewHost()
            .Bus(x => x.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = mode;
                r.ExistingDbContext<TestDbContext>();
                r.UsePostgres();
            }))
            .Consumer<RecordCountConsumer>()
            .Endpoint((context, _, endpoint) =>
            {
                endpoint.UseMessageRetry(x => x.Intervals([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(25), 200)]));
                if (outbox)
                    endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            })
            .StartAsync();
    }
}

/// <summary>Maps the saga without any concurrency token, so that only its row's lock stands between two updates.</summary>
public class UnguardedSagaDbContext(DbContextOptions<UnguardedSagaDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CounterSaga>().ToTable("counters").HasKey(x => x.CorrelationId);
    }

    public bool IsDisposed { get; private set; }

    public override ValueTask DisposeAsync()
    {
        IsDisposed = true;
        GC.SuppressFinalize(this);
        return base.DisposeAsync();
    }
}

public class RecordCountConsumer(Journal journal) : IConsumer<Counted>
{
    public Task Consume(ConsumeContext<Counted> context)
    {
        journal.Add(context.Message);
        return Task.CompletedTask;
    }
}

public class InsertingStateMachine : MassTransitStateMachine<CounterSaga>
{
    public InsertingStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x =>
        {
            x.CorrelateById(m => m.Message.CounterId);
            x.InsertOnInitial = true;
            x.SetSagaFactory(m => new CounterSaga { CorrelationId = m.Message.CounterId, CurrentState = "Initial", Name = m.Message.Name });
        });

        Initially(When(CountUp).Then(x => x.Saga.Count++).TransitionTo(Counting));
        During(Counting, When(CountUp).Then(x => x.Saga.Count++));
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;
}

/// <summary>Two who meet: neither goes on before the other has come. Nobody waits for a third.</summary>
public sealed class Meeting
{
    readonly TaskCompletionSource _both = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _arrivals;

    public int Arrivals => Volatile.Read(ref _arrivals);

    public Task Arrive()
    {
        if (Interlocked.Increment(ref _arrivals) == 2)
            _both.SetResult();
        return _both.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }
}

/// <summary>Counts only when two messages have loaded the saga.</summary>
public class MeetingStateMachine : MassTransitStateMachine<CounterSaga>
{
    public MeetingStateMachine(Meeting meeting)
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x => x.CorrelateById(m => m.Message.CounterId));

        During(Counting, When(CountUp).ThenAsync(_ => meeting.Arrive()).Then(x => x.Saga.Count++));
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;
}
