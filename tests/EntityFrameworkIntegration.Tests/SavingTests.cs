using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>
/// What is saved together with the commit, by a consumer that leaves its changes to the outbox or by a request, is committed whole or
/// not at all, whatever the application does around its saves.
/// </summary>
public class SavingTests : OutboxTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public async Task What_a_consumer_left_unsaved_is_committed_with_its_messages(int messages)
    {
        await using var host = await Start(async (database, context) =>
        {
            database.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
            for (var i = 0; i < messages; i++)
                await context.Publish(new OrderPaid(context.Message.OrderId, i));
        });

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()));

        await Eventually.EqualAsync(messages, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "messages of the consumer");
        (await Count("payments")).ShouldBe(1);
        await OutboxIsEmpty();
    }

    [Theory]
    [InlineData(EntityState.Modified)]
    [InlineData(EntityState.Deleted)]
    public async Task A_change_to_a_row_that_is_gone_commits_nothing(EntityState change)
    {
        await Fails(
            database =>
            {
                database.Entry(new Order { Id = NewId.NextGuid() }).State = change;
                return Task.CompletedTask;
            });
    }

    [Fact]
    public async Task A_row_that_a_trigger_skips_commits_nothing()
    {
        await Execute("CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        await Execute("CREATE TRIGGER skip BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION skip()");

        await Fails(database => Task.FromResult(database.Add(new Order { Id = NewId.NextGuid() })),
            services => services.AddScoped<TestDbContext>(x => new TriggerDbContext(x.GetRequiredService<DbContextOptions<TestDbContext>>())));
    }

    [Fact]
    public async Task Of_several_batches_that_fail_with_the_last_none_is_committed()
    {
        // EF inserts in the order of the keys, so this one comes last.
        var taken = Guid.AllBitsSet;
        await Execute($"INSERT INTO orders VALUES ('{taken}', '')");

        await Fails(
            database =>
            {
                database.AddRange(Enumerable.Range(0, 6).Select(_ => new Order { Id = NewId.NextGuid() }).Append(new Order { Id = taken }));
                return Task.CompletedTask;
            }, npgsql: x => x.MaxBatchSize(2));
        (await Count("orders")).ShouldBe(1);
    }

    [Fact]
    public async Task A_constraint_that_fails_at_the_commit_commits_nothing()
    {
        await Execute("""ALTER TABLE orders ADD CONSTRAINT late UNIQUE ("Note") DEFERRABLE INITIALLY DEFERRED""");
        await Execute($"INSERT INTO orders VALUES ('{NewId.NextGuid()}', 'taken')");

        await Fails(database => Task.FromResult(database.Add(new Order { Id = NewId.NextGuid(), Note = "taken" })));
    }

    [Theory]
    [InlineData("override")]
    [InlineData("interceptor")]
    [InlineData("event")]
    public async Task What_an_application_does_after_its_save_belongs_to_the_consumers_transaction(string hook)
    {
        await using var host = await Start(
            async (database, context) =>
            {
                if (hook == "event")
                    database.SavedChanges += (_, _) => throw new FailedAfterSaveException();
                database.Add(new Payment { Id = NewId.NextGuid() });
                await context.Publish(new OrderPaid(context.Message.OrderId));
            },
            services =>
            {
                if (hook == "override")
                    services.AddScoped<TestDbContext>(x => new SavesItselfDbContext(x.GetRequiredService<DbContextOptions<TestDbContext>>()));
                if (hook == "interceptor")
                    services.ConfigureDbContext<TestDbContext>(x => x.AddInterceptors(new FailAfterSaveInterceptor()));
            });

        await NothingIsCommitted(host);
    }

    [Fact]
    public async Task An_application_that_watches_its_transactions_sees_each_of_them()
    {
        CommitCounter commits = new();
        await using var host = await Start(
            (database, _) => Task.FromResult(database.Add(new Payment { Id = NewId.NextGuid() })),
            services => services.ConfigureDbContext<TestDbContext>(x => x.AddInterceptors(commits)));

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()));
        await Eventually.EqualAsync(1, () => Task.FromResult(commits.Count), "commits of the consumer");

        await host.InScope(async (database, publish) =>
        {
            database.Add(new Payment { Id = NewId.NextGuid() });
            await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await database.SaveChangesAsync();
        });
        commits.Count.ShouldBe(2);
    }

    Task<TestHost> Start(Func<TestDbContext, ConsumeContext<OrderPlaced>, Task> consume, Action<IServiceCollection>? services = null,
        Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
    {
        return NewHost()
            .Database(x => x.AddDbContext<TestDbContext>(o => o.UseNpgsql(Database.ConnectionString, npgsql)))
            .Services(x => x.AddSingleton(new Work(consume)))
            .Services(x => services?.Invoke(x))
            .Consumer<WorkConsumer>().Consumer<RecordPaidConsumer>().StartAsync();
    }

    /// <summary>A consumer and a request make the same changes beside a payment and a message, and fail.</summary>
    async Task Fails(Func<TestDbContext, Task> change, Action<IServiceCollection>? services = null, Action<NpgsqlDbContextOptionsBuilder>? npgsql = null)
    {
        await using var host = await Start(
            async (database, context) =>
            {
                database.Add(new Payment { Id = NewId.NextGuid() });
                await context.Publish(new OrderPaid(context.Message.OrderId));
                await change(database);
            }, services, npgsql);

        await host.InScope(async (database, publish) =>
        {
            database.Add(new Payment { Id = NewId.NextGuid() });
            await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await change(database);
            await Should.ThrowAsync<DbUpdateException>(() => database.SaveChangesAsync());
        });
        (await Count("payments")).ShouldBe(0);
        (await Count("outbox_message")).ShouldBe(0);

        await NothingIsCommitted(host);
    }

    async Task NothingIsCommitted(TestHost host)
    {
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()));

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Work_error") == 1, "the message is in the error queue");
        (await Count("payments")).ShouldBe(0);
        (await Count("inbox_state")).ShouldBe(0);
        (await Count("outbox_message")).ShouldBe(0);
        host.Journal.Count<OrderPaid>().ShouldBe(0);
    }
}

public record Work(Func<TestDbContext, ConsumeContext<OrderPlaced>, Task> Consume);

/// <summary>Does what its test says, and leaves the saving to the outbox.</summary>
public class WorkConsumer(TestDbContext database, Work work) : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context) => work.Consume(database, context);
}

public class FailedAfterSaveException : Exception;

public class SavesItselfDbContext(DbContextOptions<TestDbContext> options) : TestDbContext(options)
{
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        throw new FailedAfterSaveException();
    }
}

public class TriggerDbContext(DbContextOptions<TestDbContext> options) : TestDbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<Order>().ToTable(x => x.HasTrigger("skip"));
    }
}

public class FailAfterSaveInterceptor : SaveChangesInterceptor
{
    public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        throw new FailedAfterSaveException();
    }
}

public class CommitCounter : DbTransactionInterceptor
{
    int _count;

    public int Count => Volatile.Read(ref _count);

    public override Task TransactionCommittedAsync(System.Data.Common.DbTransaction transaction, TransactionEndEventData eventData,
        CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _count);
        return Task.CompletedTask;
    }
}
