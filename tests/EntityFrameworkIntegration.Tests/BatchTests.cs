using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>One transaction for a batch, one inbox row for each of its members.</summary>
public class BatchTests : OutboxTest
{
    [Fact]
    public async Task A_batch_is_consumed_in_one_transaction()
    {
        await using var host = await Start();

        for (var i = 0; i < 10; i++)
            await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(10L, () => Count("payments"), "payments");
        (await Count("inbox_state")).ShouldBe(10);
        (await Count("(SELECT DISTINCT xmin::text FROM payments UNION SELECT DISTINCT xmin::text FROM inbox_state) t")).ShouldBe(1);
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task Members_that_have_been_consumed_are_taken_out_of_the_batch()
    {
        await using var host = await Start();
        var ids = Enumerable.Range(0, 10).Select(_ => NewId.NextGuid()).ToList();
        foreach (var id in ids)
            await Publish(host, id);
        await Eventually.EqualAsync(10L, () => Count("inbox_state"), "consumed messages");

        // Five known ones and five new ones, known and new in turn.
        for (var i = 0; i < 5; i++)
        {
            await Publish(host, ids[i]);
            await Publish(host, NewId.NextGuid());
        }

        await Eventually.EqualAsync(15L, () => Count("payments"), "payments");
        host.Journal.Of<int>().Order().ShouldBe([5, 10]);
        (await Count("inbox_state")).ShouldBe(15);
    }

    [Fact]
    public async Task A_batch_of_duplicates_only_is_not_handled_at_all()
    {
        await using var host = await Start();
        var ids = Enumerable.Range(0, 10).Select(_ => NewId.NextGuid()).ToList();
        foreach (var id in ids.Concat(ids))
            await Publish(host, id);

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Batch") == 0 && await Count("inbox_state") == 10, "the endpoint is idle");
        await Publish(host, NewId.NextGuid());
        await Eventually.EqualAsync(11L, () => Count("payments"), "payments");
        host.Journal.Of<int>().Sum().ShouldBe(11);
    }

    [Fact]
    public async Task A_batch_that_fails_leaves_nothing_of_any_member()
    {
        await using var host = await Start(fails: true);

        for (var i = 0; i < 10; i++)
            await Publish(host, NewId.NextGuid());

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Batch_error") == 10, "the members are in the error queue");
        (await Count("payments")).ShouldBe(0);
        (await Count("inbox_state")).ShouldBe(0);
        (await Count("outbox_message")).ShouldBe(0);
    }

    [Fact]
    public async Task Concurrent_batches_with_members_in_common_do_not_deadlock_and_apply_each_once()
    {
        await using var first = await Start();
        await using var second = await Start();
        var ids = Enumerable.Range(0, 100).Select(_ => NewId.NextGuid()).ToList();

        // Twice, in opposite orders.
        await Task.WhenAll(ids.Concat(ids.AsEnumerable().Reverse()).Select(id => Publish(first, id)));

        await Eventually.EqualAsync(100L, () => Count("payments"), "payments");
        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Batch") == 0, "the endpoint is idle");
        (await RabbitMq.Depth(Broker.Uri, "Batch_error")).ShouldBe(0u);
        (await Count("payments")).ShouldBe(100);
    }

    static Task Publish(TestHost host, Guid messageId)
    {
        return host.Bus.Publish(new OrderPlaced(messageId), x => x.MessageId = messageId);
    }

    Task<TestHost> Start(bool fails = false)
    {
        return NewHost().Services(x => x.AddSingleton(new BatchFails(fails)))
            .Bus(x => x.AddConsumer<BatchConsumer>(c =>
            {
                c.Options<BatchOptions>(b => b.SetMessageLimit(10).SetTimeLimit(TimeSpan.FromSeconds(2)).SetConcurrencyLimit(4));
            })).Endpoint((context, _, endpoint) =>
            {
                endpoint.PrefetchCount = 40;
                endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync();
    }
}

public sealed record BatchFails(bool Value);

public class BatchConsumer(TestDbContext database, Journal journal, BatchFails fails) : IConsumer<Batch<OrderPlaced>>
{
    public async Task Consume(ConsumeContext<Batch<OrderPlaced>> context)
    {
        journal.Add(context.Message.Length);
        foreach (var member in context.Message)
            database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = member.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message[0].Message.OrderId));
        if (fails.Value)
            throw new InvalidOperationException("The batch fails.");
    }
}
