using System.Transactions;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Messages that are sent outside a consumer, with the scope's DbContext.</summary>
public class BusOutboxTests : OutboxTest
{
    [Fact]
    public async Task A_message_is_stored_by_SaveChanges_with_the_entities_and_sent()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await host.InScope(async (context, publish) =>
        {
            context.Orders.Add(new Order { Id = NewId.NextGuid() });
            await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await context.SaveChangesAsync();
        });

        await Paid(host, 1);
        (await Count("orders")).ShouldBe(1);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task Without_SaveChanges_nothing_is_sent_and_a_warning_tells()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await host.InScope((_, publish) => publish.Publish(new OrderPaid(NewId.NextGuid(), 1)));
        await host.PublishAndSave(new OrderPaid(NewId.NextGuid(), 2));

        await Paid(host, 1);
        host.Journal.Of<OrderPaid>().Single().Number.ShouldBe(2);
        host.Logs.Lines.ShouldContain(x => x.Contains("ended without SaveChanges"));
    }

    [Fact]
    public async Task In_an_explicit_transaction_messages_of_several_SaveChanges_are_sent_at_the_commit_and_not_before()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await host.InScope(async (context, publish) =>
        {
            await using var transaction = await context.Database.BeginTransactionAsync();
            for (var i = 0; i < 3; i++)
            {
                await publish.Publish(new OrderPaid(NewId.NextGuid(), i));
                await context.SaveChangesAsync();
            }

            await OtherMessage(host);
            host.Journal.Count<OrderPaid>().ShouldBe(1);
            await transaction.CommitAsync();
        });

        await Paid(host, 4);
        await OutboxIsEmpty();
    }

    [Theory]
    [InlineData("rolled back")]
    [InlineData("disposed")]
    [InlineData("rolled back to a savepoint")]
    public async Task A_transaction_that_is_not_committed_sends_nothing(string end)
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await host.InScope(async (context, publish) =>
        {
            await using (var transaction = await context.Database.BeginTransactionAsync())
            {
                await transaction.CreateSavepointAsync("before");
                await publish.Publish(new OrderPaid(NewId.NextGuid(), 1));
                await context.SaveChangesAsync();
                if (end == "rolled back")
                    await transaction.RollbackAsync();
                if (end == "rolled back to a savepoint")
                {
                    await transaction.RollbackToSavepointAsync("before");
                    await transaction.CommitAsync();
                }
            }

            // The next transaction of the same scope must not send what the one before left.
            await using var next = await context.Database.BeginTransactionAsync();
            await publish.Publish(new OrderPaid(NewId.NextGuid(), 2));
            await context.SaveChangesAsync();
            await next.CommitAsync();
        });

        await OutboxIsEmpty();
        await Paid(host, 1);
        await OtherMessage(host);
        host.Journal.Of<OrderPaid>().ShouldNotContain(x => x.Number == 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_ambient_transaction_decides(bool complete)
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await host.InScope(async (context, publish) =>
        {
            using TransactionScope scope = new(TransactionScopeOption.Required,
                new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }, TransactionScopeAsyncFlowOption.Enabled);
            await publish.Publish(new OrderPaid(NewId.NextGuid(), 1));
            await context.SaveChangesAsync();
            if (complete)
                scope.Complete();
        });

        await OtherMessage(host);
        await Eventually.EqualAsync(complete ? 2 : 1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_SaveChanges_that_fails_sends_nothing_and_the_next_one_sends_once()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();
        var taken = NewId.NextGuid();
        await Execute($"INSERT INTO orders VALUES ('{taken}', '')");

        await host.InScope(async (context, publish) =>
        {
            Order order = new() { Id = taken };
            context.Orders.Add(order);
            await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await Should.ThrowAsync<DbUpdateException>(() => context.SaveChangesAsync());
            context.Entry(order).State = EntityState.Detached;
            await context.SaveChangesAsync();
        });

        await Paid(host, 1);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task Messages_may_be_published_at_once_in_a_scope()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        // The first use of a DbContext is the moment at which two may meet, so there are many first uses.
        for (var scope = 0; scope < 50; scope++)
        {
            await host.InScope(async (context, publish) =>
            {
                await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => publish.Publish(new OrderPaid(NewId.NextGuid(), i)))));
                await context.SaveChangesAsync();
            });
        }

        await Paid(host, 500);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_pooled_context_carries_nothing_over_into_the_next_scope()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>()
            .Database(x => x.AddDbContextPool<TestDbContext>(o => o.UseNpgsql(Database.ConnectionString), poolSize: 1)).StartAsync();

        for (var i = 0; i < 5; i++)
        {
            // Published in one scope, never saved; saved in the next.
            await host.InScope((_, publish) => publish.Publish(new OrderPaid(NewId.NextGuid(), -1)));
            await host.PublishAndSave(new OrderPaid(NewId.NextGuid(), i));
        }

        await Paid(host, 5);
        host.Journal.Of<OrderPaid>().ShouldNotContain(x => x.Number == -1);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task Past_the_bound_on_memory_committed_messages_wait_for_the_sweeper_and_arrive()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().Outbox(x => x.MaxInFlightMessages = 1).StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => host.PublishAndSave(new OrderPaid(NewId.NextGuid(), i), new OrderPaid(NewId.NextGuid(), i))));

        await Paid(host, 100);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task An_instance_without_delivery_leaves_its_messages_to_another()
    {
        await using var writer = await NewHost().Outbox(x => x.UseBusOutbox(b => b.DisableDeliveryService())).StartAsync();
        await writer.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        (await Count("outbox_message")).ShouldBe(1);

        await using var deliverer = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await Paid(deliverer, 1);
        await OutboxIsEmpty();
    }

    static Task Paid(TestHost host, int count)
    {
        return Eventually.EqualAsync(count, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
    }

    /// <summary>A message that is sent now and consumed before this returns: what was sent before has arrived as well.</summary>
    static async Task OtherMessage(TestHost host)
    {
        var marker = NewId.NextGuid();
        await host.Bus.Publish(new OrderPaid(marker, 1000));
        await Eventually.TrueAsync(() => host.Journal.Of<OrderPaid>().Any(x => x.OrderId == marker), "a later message has arrived");
    }
}
