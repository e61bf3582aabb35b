using EntityFrameworkIntegration.Tests.Support;
using LocalStack;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Rows that a crash, a lost broker or a failed send left in the table.</summary>
public class SweeperTests : OutboxTest
{
    [Fact]
    public async Task A_row_is_left_alone_while_its_lease_runs_and_sent_afterwards()
    {
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, 1, "clock_timestamp() + interval '1 hour'");
        await Rows.Insert(Sql, Broker, 1, "clock_timestamp()");
        await using var host = await NewHost().StartAsync();

        await Eventually.EqualAsync(1L, () => Count("outbox_message"), "rows in the outbox");
        (await RabbitMq.Depth(Broker.Uri, "target")).ShouldBe(1u);

        // The lease ends.
        await Execute("UPDATE outbox_message SET due = clock_timestamp()");
        await OutboxIsEmpty();
        (await RabbitMq.Depth(Broker.Uri, "target")).ShouldBe(2u);
    }

    [Fact]
    public async Task Two_instances_share_the_rows_and_send_each_once()
    {
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, 2_000, "clock_timestamp()");

        await using var first = await NewHost().Outbox(x => x.QueryMessageLimit = 50).StartAsync();
        await using var second = await NewHost().Outbox(x => x.QueryMessageLimit = 50).StartAsync();

        await OutboxIsEmpty();
        (await RabbitMq.Depth(Broker.Uri, "target")).ShouldBe(2_000u);
    }

    [Fact]
    public async Task Messages_that_the_broker_refuses_delay_no_other_and_are_parked_listed_and_sent_again()
    {
        await RabbitMq.Declare(Broker.Uri, "taken", "direct", "unrelated");
        await using var host = await NewHost().Consumer<RecordPaidConsumer>()
            .Outbox(x =>
            {
                x.ParkAfterAttempts = 3;
                x.MaxRetryDelay = TimeSpan.FromMilliseconds(400);
                x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(2));
            }).StartAsync();
        // A name that the broker reserves; an exchange of another type; nobody to take a message that somebody must take.
        Uri[] poison = [new("exchange:amq.reserved"), new("exchange:taken"), new("exchange:nobody")];

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            await using var scope = host.Services.CreateAsyncScope();
            var publish = scope.ServiceProvider.GetRequiredService<IPublishEndpoint>();
            for (var n = 0; n < 50; n++)
                await publish.Publish(new OrderPaid(NewId.NextGuid(), (i * 50) + n));
            if (i < poison.Length)
            {
                var endpoint = await scope.ServiceProvider.GetRequiredService<ISendEndpointProvider>().GetSendEndpoint(poison[i]);
                await endpoint.Send(new OrderPaid(NewId.NextGuid(), -1), x => ((RabbitMqSendContext)x).Mandatory = true);
            }

            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync();
        }));

        await Eventually.EqualAsync(1_000, () => Task.FromResult(host.Journal.Of<OrderPaid>().Select(x => x.Number).Distinct().Count()), "good messages", TimeSpan.FromSeconds(120));
        await Eventually.EqualAsync(3L, () => Count("outbox_message", "parked_time IS NOT NULL"), "parked messages");
        await Eventually.EqualAsync(3L, () => Count("outbox_message"), "rows left");

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(x => x.Tags.Contains("outbox"), TestContext.Current.CancellationToken);
        report.Status.ShouldBe(HealthStatus.Degraded);
        report.Entries.Single().Value.Description!.ShouldContain("3 messages are parked");

        await RabbitMq.Declare(Broker.Uri, "nobody", "fanout", "somebody");
        await host.InScope(async (context, _) =>
        {
            var parked = await context.GetParkedOutboxMessages().ToListAsync();
            parked.ShouldAllBe(x => x.LastError!.Length > 0);
            (await context.SendParkedOutboxMessagesAgainAsync([parked.Single(x => x.DestinationAddress.EndsWith("nobody", StringComparison.Ordinal)).Id])).ShouldBe(1);
        });

        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "somebody"), "messages sent again");
        await Eventually.EqualAsync(2L, () => Count("outbox_message"), "rows left");
        await host.InScope(async (context, _) =>
        {
            var ids = await context.GetParkedOutboxMessages().Select(x => x.Id).ToListAsync();
            (await context.DiscardParkedOutboxMessagesAsync(ids)).ShouldBe(2);
        });
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task Messages_that_are_larger_than_the_broker_accepts_are_parked_and_delay_no_other()
    {
        const int requests = 20;
        const int large = 5;
        await WithSmallMessagesAlone(async (broker, host) =>
        {
            await RabbitMq.Declare(broker.Uri, MessageExchange.Of<OrderPlaced>(), "fanout", "placed");
            await Task.WhenAll(Enumerable.Range(0, requests).Select(i => host.PublishAndSave(
            [
                .. Enumerable.Range(0, 20).Select(n => new OrderPaid(NewId.NextGuid(), (i * 20) + n)),
                new OrderPlaced(NewId.NextGuid(), i < large ? new string('x', 128 * 1024) : ""),
            ])));

            await LargeOnesAreParked(large);
            await Eventually.EqualAsync(requests * 20, () => Task.FromResult(host.Journal.Of<OrderPaid>().Select(x => x.Number).Distinct().Count()), "good messages");
            // Delivered at least once each; what was on a channel that a large one closed may come twice.
            var arrived = await RabbitMq.ReceiveAll<OrderPlaced>(broker.Uri, "placed");
            arrived.Select(x => x.OrderId).Distinct().Count().ShouldBe(requests - large);
        });
    }

    [Fact]
    public async Task A_good_message_is_never_parked_for_what_a_bad_one_does_to_their_channel()
    {
        const int requests = 40;
        await RabbitMq.Declare(Broker.Uri, "taken", "direct", "unrelated");
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().Outbox(x =>
        {
            x.ParkAfterAttempts = 1;
            x.RetryDelay = x.MaxRetryDelay = TimeSpan.FromMilliseconds(100);
        }).StartAsync();

        // While the first are retried, the next close the channel that all but the retried ones share.
        await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            await using var scope = host.Services.CreateAsyncScope();
            var publish = scope.ServiceProvider.GetRequiredService<IPublishEndpoint>();
            for (var n = 0; n < 10; n++)
                await publish.Publish(new OrderPaid(NewId.NextGuid(), (i * 10) + n), CancellationToken.None);
            var taken = await scope.ServiceProvider.GetRequiredService<ISendEndpointProvider>().GetSendEndpoint(new Uri("exchange:taken"));
            await taken.Send(new OrderPaid(NewId.NextGuid(), -1), CancellationToken.None);
            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(CancellationToken.None);
        });

        await Eventually.EqualAsync((long)requests, () => Count("outbox_message", "parked_time IS NOT NULL AND destination_address LIKE '%taken%'"),
            "parked messages");
        await Eventually.EqualAsync(0L, () => Count("outbox_message", "parked_time IS NULL"), "messages that are still tried");
        (await Scalar<string>("SELECT coalesce(string_agg(last_error, E'\\n'), '') FROM outbox_message WHERE destination_address NOT LIKE '%taken%'")).ShouldBe("");
        await Eventually.EqualAsync(requests * 10, () => Task.FromResult(host.Journal.Of<OrderPaid>().Select(x => x.Number).Distinct().Count()), "good messages");
        await Execute("DELETE FROM outbox_message");
    }

    [Fact]
    public async Task Good_messages_are_never_parked_for_the_many_that_are_too_large()
    {
        const int requests = 40;
        await WithSmallMessagesAlone(async (_, host) =>
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => await host.PublishAndSave(
            [
                .. Enumerable.Range(0, 10).Select(n => new OrderPaid(NewId.NextGuid(), (i * 10) + n)),
                new OrderPlaced(NewId.NextGuid(), new string('x', (128 * 1024) + i)),
            ]));

            await LargeOnesAreParked(requests);
            await Eventually.EqualAsync(requests * 10, () => Task.FromResult(host.Journal.Of<OrderPaid>().Select(x => x.Number).Distinct().Count()), "good messages");
        });
    }

    [Fact]
    public async Task Past_the_bound_on_bytes_messages_wait_in_their_rows_until_the_broker_takes_what_is_in_flight()
    {
        const int bodies = 60;
        const int fitting = 10;
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPlaced>(), "fanout", "placed");
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Outbox(x => x.MaxInFlightBytes = fitting * 64 * 1024).StartAsync();
        await host.PublishAndSave(new OrderPlaced(NewId.NextGuid()));
        await OutboxIsEmpty();

        proxy.Stall();
        for (var i = 0; i < bodies; i++)
            await host.PublishAndSave(new OrderPlaced(NewId.NextGuid(), new string('x', 64 * 1024)));
        // Leased are those that are being sent, from memory and by the sweeper; the rest are free for whoever has room.
        await Eventually.TrueAsync(async () => await Count("outbox_message", "due > clock_timestamp()") > fitting, "the sweeper has taken the first that found no room");
        (await Count("outbox_message", "due <= clock_timestamp()")).ShouldBeGreaterThanOrEqualTo(bodies - (2 * fitting));
        proxy.Restore();

        await OutboxIsEmpty();
        (await RabbitMq.ReceiveAll<OrderPlaced>(Broker.Uri, "placed")).Select(x => x.OrderId).Distinct().Count().ShouldBe(bodies + 1);
    }

    [Fact]
    public async Task A_host_that_stops_has_sent_what_it_committed()
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        var host = await NewHost().Consumer<PayOrderConsumer>().StartAsync();
        await using (host)
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => host.Bus.Publish(new OrderPlaced(NewId.NextGuid()))));
            await Eventually.TrueAsync(async () => await Count("payments") > 20, "the host is busy");
            await host.StopAsync();
        }

        var payments = await Count("payments");
        (await Count("outbox_message")).ShouldBe(0);
        (await RabbitMq.Depth(Broker.Uri, "paid")).ShouldBe((uint)payments);
    }

    [Fact]
    public async Task A_host_that_stops_right_after_its_commits_has_sent_them_however_slow_the_broker()
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        var host = await ThroughSlow(proxy).StartAsync();
        await using (host)
        {
            await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
            await OutboxIsEmpty();

            proxy.Delay = TimeSpan.FromSeconds(1);
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.PublishAndSave(new OrderPaid(NewId.NextGuid()))));
            (await Count("outbox_message")).ShouldBe(50);
            await host.StopAsync();

            (await Count("outbox_message")).ShouldBe(0);
        }

        (await RabbitMq.Depth(Broker.Uri, "paid")).ShouldBe(51u);
    }

    [Fact]
    public async Task A_host_whose_consumers_commit_while_it_stops_has_sent_their_messages_however_slow_the_broker()
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        var host = await ThroughSlow(proxy).Services(x => x.AddSingleton<Gate>()).Consumer<PayBehindTheGateConsumer>().StartAsync();
        await using (host)
        {
            var gate = host.Services.GetRequiredService<Gate>();
            await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
            await gate.Entered.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

            proxy.Delay = TimeSpan.FromSeconds(1);
            var stopped = host.StopAsync();
            await Eventually.EqualAsync(0u, () => RabbitMq.Consumers(Broker.Uri, "PayBehindTheGate"), "consumers of the stopping endpoint");
            gate.Open();
            await stopped;
        }

        (await Count("payments")).ShouldBe(1);
        (await Count("outbox_message")).ShouldBe(0);
        (await RabbitMq.Depth(Broker.Uri, "paid")).ShouldBe(1u);
    }

    [Fact]
    public async Task Before_the_tables_are_there_the_outbox_waits_without_a_warning()
    {
        await Execute("ALTER TABLE outbox_message RENAME TO later_message");
        await Execute("ALTER TABLE outbox_state RENAME TO later_state");
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await Eventually.TrueAsync(() => host.Logs.Lines.Any(x => x.Contains("The outbox of the default bus waits for its tables", StringComparison.Ordinal)), "the outbox says that it waits");
        await Eventually.TrueAsync(() => host.Logs.Lines.Any(x => x.Contains("The inbox waits for its tables", StringComparison.Ordinal)), "the inbox says that it waits");
        host.Logs.Lines.ShouldNotContain(x => x.StartsWith("Warning MassTransit.Outbox", StringComparison.Ordinal));

        await Execute("ALTER TABLE later_message RENAME TO outbox_message");
        await Execute("ALTER TABLE later_state RENAME TO outbox_state");
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, 1, "clock_timestamp()");
        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "target"), "messages that were swept");
    }

    [Fact]
    public async Task The_health_check_names_the_oldest_message_when_it_is_too_old()
    {
        await Rows.Insert(Sql, Broker, 1, "clock_timestamp() + interval '20 seconds'", "interval '10 minutes'");
        await using var host = await NewHost().StartAsync();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(x => x.Tags.Contains("outbox"), TestContext.Current.CancellationToken);

        report.Status.ShouldBe(HealthStatus.Degraded);
        var id = await Scalar<Guid>("SELECT message_id FROM outbox_message");
        report.Entries.Single().Value.Description!.ShouldContain(id.ToString());
        await Execute("DELETE FROM outbox_message");
    }

    /// <summary>A host with a slow network to its broker, where nobody but the host itself sends what it has committed.</summary>
    TestHostBuilder ThroughSlow(TcpProxy proxy)
    {
        return Through(proxy).Outbox(x =>
        {
            x.LeaseDuration = TimeSpan.FromMinutes(5);
            x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(20));
        });
    }

    /// <summary>A broker that refuses messages beyond 64 KiB, and a host that parks what is refused once.</summary>
    async Task WithSmallMessagesAlone(Func<BrokerServer, TestHost, Task> test)
    {
        var directory = Directory.CreateTempSubdirectory("outbox-broker").FullName;
        BrokerServerOptions options = new(directory) { MaxMessageSize = 64 * 1024 };
        await using (var broker = await BrokerServer.StartAsync(options, TestContext.Current.CancellationToken))
        {
            await using (var host = await new TestHostBuilder(Database.ConnectionString, broker.Uri).Consumer<RecordPaidConsumer>().Outbox(x =>
            {
                x.ParkAfterAttempts = 1;
                x.RetryDelay = x.MaxRetryDelay = TimeSpan.FromMilliseconds(100);
            }).StartAsync())
            {
                await test(broker, host);
            }

            await RabbitMq.Close(broker.Uri);
        }

        Directory.Delete(directory, recursive: true);
    }

    async Task LargeOnesAreParked(int messages)
    {
        await Eventually.EqualAsync((long)messages, () => Count("outbox_message", "parked_time IS NOT NULL AND length(body) > 128 * 1024"), "parked messages",
            TimeSpan.FromSeconds(120));
        await Eventually.EqualAsync(0L, () => Count("outbox_message", "parked_time IS NULL"), "messages that are still tried");
        (await Scalar<string>("SELECT coalesce(string_agg(last_error, E'\\n'), '') FROM outbox_message WHERE length(body) <= 128 * 1024")).ShouldBe("");
        (await Scalar<string>("SELECT coalesce(string_agg(last_error, E'\\n'), '') FROM outbox_message WHERE last_error NOT LIKE '%larger than configured max size%'")).ShouldBe("");
    }

    async Task<T> Scalar<T>(string sql)
    {
        await using var command = Sql.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

/// <summary>Pays an order, and tells so when the test lets it.</summary>
public class PayBehindTheGateConsumer(TestDbContext database, Gate gate) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await gate.Enter();
        await context.Publish(new OrderPaid(context.Message.OrderId));
    }
}
