using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Saga repositories that an application makes itself, on a bus that it makes itself.</summary>
public class SagaRepositoryWithoutContainerTests : OutboxTest
{
    [Fact]
    public async Task A_pessimistic_repository_without_a_container_locks_with_its_statement_and_disposes_its_contexts()
    {
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO counters VALUES ('{id}', 'Counting', '', 0)");
        RecordingLockStatements statements = new();
        List<UnguardedSagaDbContext> contexts = [];
        var repository = EntityFrameworkSagaRepository<CounterSaga>.CreatePessimistic(Create, statements);

        await Run(repository, async bus =>
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => bus.Publish(new CountUp(id))));
            await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 10"), "counters at 10");
        });

        statements.Asked.ShouldBe(10);
        contexts.Count.ShouldBe(10);
        contexts.ShouldAllBe(x => x.IsDisposed);

        UnguardedSagaDbContext Create()
        {
            UnguardedSagaDbContext context = new(new DbContextOptionsBuilder<UnguardedSagaDbContext>().UseNpgsql(Database.ConnectionString).Options);
            lock (contexts)
                contexts.Add(context);
            return context;
        }
    }

    [Fact]
    public async Task An_optimistic_repository_without_a_container_customizes_its_query_and_insists_on_a_concurrency_token()
    {
        var id = NewId.NextGuid();
        await Execute($"INSERT INTO counters VALUES ('{id}', 'Counting', '', 0), ('{NewId.NextGuid()}', 'Counting', 'hidden', 0)");
        var repository = EntityFrameworkSagaRepository<CounterSaga>.CreateOptimistic(() => TestDbContext.On(Database.ConnectionString), q => q.Where(s => s.Name != "hidden"));
        await Run(repository, async bus =>
        {
            await bus.Publish(new CountUpByName("hidden"));
            await bus.Publish(new CountUpByName(""));
            await Eventually.EqualAsync(1L, () => Count("counters", "\"Count\" = 1"), "counters at 1");
        });
        (await Count("counters", "\"Name\" = 'hidden' AND \"Count\" = 0")).ShouldBe(1);

        var unguarded = EntityFrameworkSagaRepository<CounterSaga>.CreateOptimistic(() =>
            new UnguardedSagaDbContext(new DbContextOptionsBuilder<UnguardedSagaDbContext>().UseNpgsql(Database.ConnectionString).Options));
        await Run(unguarded, async bus =>
        {
            await bus.Publish(new CountUp(id));
            await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "counters_error"), "refused messages");
        });
        (await Count("counters", "\"Count\" = 1")).ShouldBe(1);
    }

    async Task Run(ISagaRepository<CounterSaga> repository, Func<IBusControl, Task> action)
    {
        var bus = MassTransit.Bus.Factory.CreateUsingRabbitMq(x =>
        {
            x.Host(Broker.Uri);
            x.ReceiveEndpoint("counters", e => e.StateMachineSaga(new CounterStateMachine(), repository));
        });
        await bus.StartAsync(TestContext.Current.CancellationToken);
        try
        {
            await action(bus);
        }
        finally
        {
            await bus.StopAsync(TestContext.Current.CancellationToken);
        }
    }
}
