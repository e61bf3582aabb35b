using EntityFrameworkIntegration.Tests.Crashes;
using EntityFrameworkIntegration.Tests.Support;
using LocalStack;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Servers that go away and connections that break at the wrong moment.</summary>
public class NetworkTests : OutboxTest
{
    [Fact]
    public async Task A_broker_that_is_gone_for_longer_than_the_send_timeout_delays_messages_and_loses_none()
    {
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Consumer<ShipPaidConsumer>().Outbox(x => x.ParkAfterAttempts = 1).StartAsync();
        await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");

        proxy.Cut();
        for (var i = 0; i < 20; i++)
            await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.TrueAsync(async () => await Count("outbox_message", "last_error IS NOT NULL") > 0, "sends have timed out");
        proxy.Restore();

        await Eventually.EqualAsync(21L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task An_outage_does_not_count_towards_parking()
    {
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Consumer<ShipPaidConsumer>().Outbox(x =>
        {
            x.ParkAfterAttempts = 1;
            x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(1));
        }).StartAsync();

        proxy.Cut();
        await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.TrueAsync(() => host.Logs.Lines.Count(x => x.Contains("cannot be reached, the outbox waits", StringComparison.Ordinal)) >= 3,
            "the sweeper has tried three times");
        (await Count("outbox_message", "attempts = 0 AND parked_time IS NULL")).ShouldBe(1);
        proxy.Restore();

        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_connection_that_breaks_between_commit_and_confirm_loses_nothing_and_applies_nothing_twice()
    {
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Consumer<ShipPaidConsumer>().StartAsync();
        await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");

        for (var round = 0; round < 5; round++)
        {
            proxy.Delay = TimeSpan.FromMilliseconds(100);
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.PublishAndSave(new OrderPaid(NewId.NextGuid()))));
            // Committed, on the wire or about to be, and not confirmed.
            (await Count("outbox_message")).ShouldBeGreaterThan(0);
            proxy.CutConnections();
            proxy.Delay = TimeSpan.Zero;
        }

        await Eventually.EqualAsync(101L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        (await Count("orders")).ShouldBe(101);
    }

    [Fact]
    public async Task A_connection_that_breaks_while_a_message_is_consumed_is_replaced_each_time()
    {
        const int rounds = 12;
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Services(x => x.AddSingleton<Deliveries>()).Consumer<UntilTheChannelClosesConsumer>()
            .Endpoint((_, _, _) => { }).StartAsync();
        await using var publisher = await NewHost().StartAsync();
        var deliveries = host.Services.GetRequiredService<Deliveries>();

        for (var round = 1; round <= rounds; round++)
        {
            var expected = round;
            await publisher.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(() => deliveries.Running == expected, "everything that was published is being consumed");
            proxy.CutConnections();
            await Eventually.EqualAsync(0, () => Task.FromResult(deliveries.Running), "deliveries on the dead channel");
        }
    }

    [Fact]
    public async Task A_send_that_never_returns_holds_up_nobody_and_is_repeated()
    {
        // The message's first send, from memory, and the sweeper's first.
        HangingSends hanging = new(2);
        var host = await NewHost().Consumer<ShipPaidConsumer>().Outbox(x => x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(1)))
            .RabbitMq((_, x) =>
            {
                x.ConnectSendObserver(hanging);
                x.ConnectPublishObserver(hanging);
            }).StartAsync();
        await using (host)
        {
            await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));

            await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
            await OutboxIsEmpty();
            hanging.Left.ShouldBe(0);
            await host.StopAsync();
        }

        host.Logs.Lines.ShouldNotContain(x => x.Contains("before the outbox was drained", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_send_that_fails_is_repeated_at_once_and_its_row_tells_why()
    {
        await RabbitMq.Declare(Broker.Uri, "taken", "direct", "unrelated");
        await using var host = await NewHost().Outbox(x => x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(4))).StartAsync();

        await using (var scope = host.Services.CreateAsyncScope())
        {
            // It is declared as a fanout exchange, which the broker refuses. MassTransit would try again after seven seconds.
            var endpoint = await scope.ServiceProvider.GetRequiredService<ISendEndpointProvider>().GetSendEndpoint(new Uri("exchange:taken"));
            await endpoint.Send(new OrderPaid(NewId.NextGuid()), TestContext.Current.CancellationToken);
            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await Eventually.EqualAsync(1L, () => Count("outbox_message", "last_error LIKE '%PRECONDITION_FAILED%'"), "messages with the broker's reason");
        await Execute("DELETE FROM outbox_message");
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task A_COMMIT_whose_reply_is_lost_is_not_repeated(bool retryingStrategy, bool consumerSaves)
    {
        await using PostgresProxy proxy = new(Database.ConnectionString);
        TestHostBuilder builder = new(proxy.ConnectionString, Broker.Uri);
        var (pay, errors) = consumerSaves
            ? (builder.Consumer<PayOrderConsumer>(), "PayOrder_error")
            : (builder.Consumer<PayUnsavedConsumer>(), "PayUnsaved_error");
        await using var host = await pay
            .Database(x => x.AddDbContext<TestDbContext>(o => o.UseNpgsql(proxy.ConnectionString, n =>
            {
                if (retryingStrategy)
                    n.EnableRetryOnFailure();
            })))
            .Consumer<ShipPaidConsumer>()
            .Endpoint((context, _, endpoint) =>
            {
                if (!retryingStrategy)
                    endpoint.UseMessageRetry(x => x.Interval(3, TimeSpan.FromMilliseconds(100)));
                endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync();
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();

        proxy.LoseNextReplyTo("COMMIT");
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(2L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        proxy.HasLostReply.ShouldBeTrue();
        (await Count("payments")).ShouldBe(2);
        (await RabbitMq.Depth(Broker.Uri, errors)).ShouldBe(0u);
    }

    [Fact]
    public async Task A_request_whose_commit_is_not_answered_fails_and_what_it_committed_is_sent()
    {
        await using PostgresProxy proxy = new(Database.ConnectionString);
        await using var host = await new TestHostBuilder(proxy.ConnectionString, Broker.Uri).Consumer<RecordPaidConsumer>().StartAsync();
        // Inserts and their commit are one round trip.
        proxy.LoseNextReplyTo("INSERT INTO orders");

        await host.InScope(async (database, publish) =>
        {
            database.Add(new Order { Id = NewId.NextGuid() });
            await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await Should.ThrowAsync<InvalidOperationException>(() => database.SaveChangesAsync());
        });

        proxy.HasLostReply.ShouldBeTrue();
        (await Count("orders")).ShouldBe(1);
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "messages");
        await OutboxIsEmpty();
        host.Journal.Count<OrderPaid>().ShouldBe(1);
    }

    [Fact]
    public async Task A_retrying_execution_strategy_runs_the_whole_transaction_again()
    {
        await using var host = await NewHost()
            .Database(x => x.AddDbContext<TestDbContext>(o => o.UseNpgsql(Database.ConnectionString, n => n.EnableRetryOnFailure())))
            .Services(x => x.AddSingleton<Attempts>())
            .Consumer<FlakyConsumer>().Consumer<ShipPaidConsumer>().StartAsync();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        host.Services.GetRequiredService<Attempts>().Value.ShouldBe(2);
        (await Count("payments")).ShouldBe(1);
        (await Count("orders")).ShouldBe(1);
    }

    [Fact]
    public async Task PostgreSQL_restarted_under_load_loses_nothing_and_applies_nothing_twice()
    {
        const int orders = 300;
        var directory = Directory.CreateTempSubdirectory("outbox-postgres").FullName;
        await using var postgres = await PostgresServer.StartAsync(new PostgresServerOptions(directory), TestContext.Current.CancellationToken);
        await using (var context = TestDbContext.On(postgres.ConnectionString))
            await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
        await using var sql = NpgsqlDataSource.Create(postgres.ConnectionString);

        await using (var host = await new TestHostBuilder(postgres.ConnectionString, Broker.Uri)
            .Consumer<PayOrderConsumer>().Consumer<ShipPaidConsumer>()
            .Endpoint((context, _, endpoint) =>
            {
                endpoint.UseMessageRetry(x => x.Interval(200, TimeSpan.FromMilliseconds(250)));
                endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync())
        {
            var publishing = Task.WhenAll(Enumerable.Range(0, orders).Select(_ => host.Bus.Publish(new OrderPlaced(NewId.NextGuid()))));
            await Eventually.TrueAsync(async () => await Rows(sql, "payments") > orders / 10, "the load is on");
            await postgres.KillAsync();
            await postgres.StartAsync(TestContext.Current.CancellationToken);
            await publishing;

            await Eventually.TrueAsync(async () => await Rows(sql, "orders") == orders, "every order is shipped");
            await Eventually.TrueAsync(async () => await Rows(sql, "outbox_message") == 0, "the outbox is empty");
            (await Rows(sql, "payments")).ShouldBe(orders);
            (await Rows(sql, "orders")).ShouldBe(orders);
        }

        await sql.DisposeAsync();
        await postgres.StopAsync();
        Directory.Delete(directory, recursive: true);
    }

    static async Task<long> Rows(NpgsqlDataSource sql, string table)
    {
        try
        {
            await using var command = sql.CreateCommand($"SELECT count(*) FROM {table}");
            return (long)(await command.ExecuteScalarAsync())!;
        }
        catch (NpgsqlException)
        {
            // The server is down at this moment.
            return -1;
        }
    }
}

public sealed class Deliveries
{
    int _running;

    public int Running => Volatile.Read(ref _running);

    public void Begin() => Interlocked.Increment(ref _running);

    public void End() => Interlocked.Decrement(ref _running);
}

/// <summary>Ends in the middle of its channel's shutdown, where its acknowledgement comes too late.</summary>
public class UntilTheChannelClosesConsumer(Deliveries deliveries) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        deliveries.Begin();
        TaskCompletionSource closed = new();
        context.ReceiveContext.GetPayload<MassTransit.RabbitMqTransport.ChannelContext>().Channel.ChannelShutdownAsync += (_, _) =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        await closed.Task;
        deliveries.End();
    }
}

/// <summary>A transport whose first sends never return and do not heed their cancellation.</summary>
public sealed class HangingSends(int count) : ISendObserver, IPublishObserver
{
    int _left = count;

    public int Left => Math.Max(0, Volatile.Read(ref _left));

    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        return Hang();
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class
    {
        return Hang();
    }

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class
    {
        return Task.CompletedTask;
    }

    Task Hang() => Interlocked.Decrement(ref _left) >= 0 ? Task.Delay(Timeout.InfiniteTimeSpan) : Task.CompletedTask;
}

public sealed class Attempts
{
    int _value;

    public int Value => _value;

    public int Next() => Interlocked.Increment(ref _value);
}

/// <summary>Loses its connection at the first attempt, after it has saved and published.</summary>
public class FlakyConsumer(TestDbContext database, Attempts attempts) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId));
        if (attempts.Next() == 1)
            await database.Database.ExecuteSqlRawAsync("SELECT pg_terminate_backend(pg_backend_pid())", context.CancellationToken);
    }
}
