using System.Diagnostics;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>One message, one transaction.</summary>
public class ConsumeTests : OutboxTest
{
    [Fact]
    public async Task A_published_message_is_consumed_and_what_its_consumer_publishes_as_well()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<RecordPaidConsumer>().StartAsync();

        await host.PublishAndSave(Enumerable.Range(0, 20).Select(object (_) => new OrderPlaced(NewId.NextGuid())).ToArray());

        await Eventually.EqualAsync(20, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        (await Count("payments")).ShouldBe(20);
        await OutboxIsEmpty();
        (await Count("inbox_state")).ShouldBe(40);
    }

    [Fact]
    public async Task A_duplicate_that_arrives_later_is_dropped()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<RecordPaidConsumer>().StartAsync();
        var messageId = NewId.NextGuid();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await PublishedAfter(host);

        (await Count("payments")).ShouldBe(2);
        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
    }

    [Fact]
    public async Task A_duplicate_that_arrives_while_the_first_still_runs_waits_and_is_dropped()
    {
        await using var host = await NewHost().Consumer<GatedConsumer>().Services(x => x.AddSingleton<Gate>()).StartAsync();
        var gate = host.Services.GetRequiredService<Gate>();
        var messageId = NewId.NextGuid();
        OrderPlaced message = new(NewId.NextGuid());

        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await gate.Entered;
        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, WaitingForTransactions, "duplicates that wait for the first one's transaction");
        gate.Open();

        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await Eventually.EqualAsync(0L, WaitingForTransactions, "waiting duplicates");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(2L, () => Count("payments"), "payments");
        gate.Entries.ShouldBe(2);
    }

    [Fact]
    public async Task A_duplicate_of_a_message_that_failed_is_consumed()
    {
        await using var host = await NewHost().Consumer<GatedConsumer>().Services(x => x.AddSingleton<Gate>()).StartAsync();
        var gate = host.Services.GetRequiredService<Gate>();
        gate.FailsFirst = true;
        var messageId = NewId.NextGuid();
        OrderPlaced message = new(NewId.NextGuid());

        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await gate.Entered;
        await host.Bus.Publish(message, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        gate.Open();

        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        gate.Entries.ShouldBe(2);
    }

    [Fact]
    public async Task A_duplicate_after_the_detection_window_is_consumed_again()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>()
            .Outbox(x => x.DuplicateDetectionWindow = TimeSpan.FromSeconds(2)).StartAsync();
        var messageId = NewId.NextGuid();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await Eventually.EqualAsync(0L, () => Count("inbox_state"), "remembered messages");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(2L, () => Count("payments"), "payments");
    }

    [Fact]
    public async Task Trimming_the_inbox_skips_rows_that_are_locked_and_blocks_nobody()
    {
        await Execute("INSERT INTO inbox_state SELECT gen_random_uuid(), gen_random_uuid(), now() - interval '1 day' FROM generate_series(1, 20000)");
        await using var connection = await Sql.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = "SELECT 1 FROM inbox_state ORDER BY ctid DESC LIMIT 5 FOR UPDATE";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var host = await NewHost().Consumer<PayOrderConsumer>().StartAsync();

        await Eventually.EqualAsync(5L, () => Count("inbox_state"), "remembered messages");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
    }

    [Fact]
    public async Task A_consumer_that_saved_and_published_and_then_throws_leaves_nothing_behind()
    {
        await using var host = await NewHost().Consumer<SaveAndThrowConsumer>().Consumer<RecordPaidConsumer>().StartAsync();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => host.Journal.Count<string>() == 1, "the consumer ran");
        await Eventually.TrueAsync(async () => await FaultsOf("SaveAndThrow") == 1, "the message is in the error queue");
        (await Count("payments")).ShouldBe(0);
        (await Count("inbox_state")).ShouldBe(0);
        (await Count("outbox_message")).ShouldBe(0);
        host.Journal.Count<OrderPaid>().ShouldBe(0);
    }

    [Fact]
    public async Task A_consumer_that_swallows_a_database_error_is_not_taken_for_committed()
    {
        await using var host = await NewHost().Consumer<SwallowErrorConsumer>().Consumer<RecordPaidConsumer>().StartAsync();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(async () => await FaultsOf("SwallowError") == 1, "the message is in the error queue");
        (await Count("inbox_state")).ShouldBe(0);
        host.Journal.Count<OrderPaid>().ShouldBe(0);
    }

    [Fact]
    public async Task Messages_of_one_consumer_reach_a_destination_in_order()
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        await using var host = await NewHost().Consumer<ManyConsumer>().StartAsync();

        await host.PublishAndSave(Enumerable.Range(0, 20).Select(object (_) => new OrderPlaced(NewId.NextGuid())).ToArray());

        await Eventually.EqualAsync(20u * ManyConsumer.Messages, () => RabbitMq.Depth(Broker.Uri, "paid"), "messages in the queue");
        foreach (var order in (await RabbitMq.ReceiveAll<OrderPaid>(Broker.Uri, "paid")).GroupBy(x => x.OrderId))
            order.Select(x => x.Number).ShouldBe(Enumerable.Range(0, ManyConsumer.Messages));
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_row_lock_that_a_consumer_takes_holds_until_its_commit()
    {
        var orderId = NewId.NextGuid();
        await Execute($"INSERT INTO orders VALUES ('{orderId}', '0')");
        await using var host = await NewHost().Consumer<IncrementConsumer>().StartAsync();

        for (var i = 0; i < 30; i++)
            await host.Bus.Publish(new OrderPlaced(orderId), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(30L, () => Count("inbox_state"), "consumed messages");
        (await Count("orders", "\"Note\" = '30'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_message_that_is_sent_after_its_consumer_has_finished_is_refused()
    {
        AfterReceive afterReceive = new();
        await using var host = await NewHost().Services(x => x.AddSingleton(afterReceive)).Consumer<LateConsumer>()
            .RabbitMq((_, x) => x.ConnectReceiveObserver(afterReceive)).StartAsync();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() => host.Journal.Count<Exception>() == 1, "the late publish is refused");
        host.Journal.Of<Exception>().Single().Message.ShouldContain("await every send inside the consumer");
    }

    [Fact]
    public async Task A_message_without_an_id_is_refused_with_a_reason()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>()
            .RabbitMq((_, x) => x.UseRawJsonDeserializer(isDefault: true)).StartAsync();

        await RabbitMq.PublishRaw(Broker.Uri, "PayOrder", """{"orderId":"00000000-0000-0000-0000-000000000001"}""", "application/json");

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "PayOrder_error") == 1, "the message is in the error queue");
        (await Count("payments")).ShouldBe(0);
    }

    Task<long> WaitingForTransactions()
    {
        return Count("pg_locks", "NOT granted AND locktype = 'transactionid' AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())");
    }

    Task<uint> FaultsOf(string endpoint) => RabbitMq.Depth(Broker.Uri, $"{endpoint}_error");

    /// <summary>Whatever was published before on the endpoint has been consumed when this one is.</summary>
    async Task PublishedAfter(TestHost host)
    {
        var inbox = await Count("inbox_state");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () => await Count("inbox_state") > inbox && await RabbitMq.Depth(Broker.Uri, "PayOrder") == 0, "the endpoint is idle");
        await OutboxIsEmpty();
    }
}

public sealed class Gate
{
    readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _entries;

    public Task Entered => _entered.Task;

    public int Entries => _entries;

    public bool FailsFirst { get; set; }

    public void Open() => _open.SetResult();

    public async Task Enter()
    {
        var entry = Interlocked.Increment(ref _entries);
        _entered.TrySetResult();
        await _open.Task.WaitAsync(TimeSpan.FromSeconds(60));
        if (FailsFirst && entry == 1)
            throw new InvalidOperationException("The first one fails.");
    }
}

public class GatedConsumer(TestDbContext database, Gate gate) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await gate.Enter();
    }
}

public class SaveAndThrowConsumer(TestDbContext database, Journal journal) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId));
        journal.Add("ran");
        throw new InvalidOperationException("Something went wrong after the save.");
    }
}

public class SwallowErrorConsumer(TestDbContext database) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        try
        {
            await database.Database.ExecuteSqlRawAsync("SELECT 1 / 0", context.CancellationToken);
        }
        catch (Npgsql.PostgresException)
        {
            // As a careless handler would.
        }
    }
}

public class ManyConsumer : IConsumer<OrderPlaced>
{
    public const int Messages = 40;

    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        for (var i = 0; i < Messages; i++)
            await context.Publish(new OrderPaid(context.Message.OrderId, i));
    }
}

public class IncrementConsumer(TestDbContext database) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        var order = await database.Orders.FromSql($"SELECT * FROM orders WHERE \"Id\" = {context.Message.OrderId} FOR UPDATE").SingleAsync();
        order.Note = (int.Parse(order.Note) + 1).ToString();
        await database.SaveChangesAsync(context.CancellationToken);
    }
}

public class LateConsumer(Journal journal, AfterReceive afterReceive) : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context)
    {
        afterReceive.Do(async () =>
        {
            try
            {
                await context.Publish(new OrderPaid(context.Message.OrderId));
            }
            catch (Exception exception)
            {
                journal.Add(exception);
            }
        });
        return Task.CompletedTask;
    }
}

/// <summary>Does something when the consumer has returned and its transaction has ended, but before MassTransit disposes of its context.</summary>
public sealed class AfterReceive : IReceiveObserver
{
    Func<Task> _action = () => Task.CompletedTask;

    public void Do(Func<Task> action) => _action = action;

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => _action();

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
}
