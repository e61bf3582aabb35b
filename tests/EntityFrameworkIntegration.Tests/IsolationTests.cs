using System.Data;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Stricter levels for the consumer's transaction: what conflicts fails with 40001, and is tried again by the endpoint's retry.</summary>
public class IsolationTests : OutboxTest
{
    [Theory]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_concurrent_duplicate_fails_is_tried_again_and_is_dropped(IsolationLevel level)
    {
        await using var host = await NewHost().Consumer<GatedConsumer>().Services(x => x.AddSingleton<Gate>())
            .Outbox(x => x.IsolationLevel = level).Endpoint(Retrying).StartAsync();
        var gate = host.Services.GetRequiredService<Gate>();
        var messageId = NewId.NextGuid();
        OrderPlaced message = new(NewId.NextGuid());

        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await gate.Entered;
        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, WaitingForTransactions, "duplicates that wait for the first one's transaction");
        gate.Open();

        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await Eventually.TrueAsync(() => host.Logs.Lines.Any(x => x.Contains("40001", StringComparison.Ordinal)), "the duplicate has failed");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(2L, () => Count("payments"), "payments");
        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Gated") == 0, "the endpoint is idle");
        gate.Entries.ShouldBe(2);
        (await RabbitMq.Depth(Broker.Uri, "Gated_error")).ShouldBe(0u);
    }

    [Fact]
    public async Task A_serializable_consumer_that_would_contradict_another_is_tried_again_and_has_sent_nothing()
    {
        await using var host = await NewHost().Consumer<PayOnceConsumer>().Consumer<RecordPaidConsumer>().Services(x => x.AddSingleton<Meeting>())
            .Outbox(x => x.IsolationLevel = IsolationLevel.Serializable).Endpoint(Retrying).StartAsync();
        var orderId = NewId.NextGuid();

        await Task.WhenAll(host.Bus.Publish(new OrderPlaced(orderId)), host.Bus.Publish(new OrderPlaced(orderId)));

        await Eventually.EqualAsync(3L, () => Count("inbox_state"), "consumed messages: both, and what the one that paid has told");
        (await Count("payments")).ShouldBe(1);
        host.Services.GetRequiredService<Meeting>().Arrivals.ShouldBeGreaterThan(2);
        host.Journal.Count<OrderPaid>().ShouldBe(1);
        await OutboxIsEmpty();
        (await RabbitMq.Depth(Broker.Uri, "PayOnce_error")).ShouldBe(0u);
    }

    static void Retrying(IBusRegistrationContext context, string name, IReceiveEndpointConfigurator endpoint)
    {
        endpoint.UseMessageRetry(x => x.Intervals([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(50), 50)]));
        endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
    }

    Task<long> WaitingForTransactions()
    {
        return Count("pg_locks", "NOT granted AND locktype = 'transactionid' AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())");
    }
}

/// <summary>Pays an order that is not paid, as two see it at once.</summary>
public class PayOnceConsumer(TestDbContext database, Meeting meeting) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        var paid = await database.Payments.AnyAsync(x => x.OrderId == context.Message.OrderId);
        await meeting.Arrive();
        if (paid)
            return;

        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await context.Publish(new OrderPaid(context.Message.OrderId));
    }
}
