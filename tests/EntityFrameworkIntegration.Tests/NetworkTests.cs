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

        await Eventually.EqualAsync(101L, () => Count("orders"), "shipped orders", TimeSpan.FromSeconds(180));
        await OutboxIsEmpty();
        (await Count("orders")).ShouldBe(101);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_COMMIT_whose_reply_is_lost_is_not_repeated(bool retryingStrategy)
    {
        await using PostgresProxy proxy = new(Database.ConnectionString);
        await using var host = await new TestHostBuilder(proxy.ConnectionString, Broker.Uri)
            .Database(x => x.AddDbContext<TestDbContext>(o => o.UseNpgsql(proxy.ConnectionString, n =>
            {
                if (retryingStrategy)
                    n.EnableRetryOnFailure();
            })))
            .Consumer<PayOrderConsumer>().Consumer<ShipPaidConsumer>()
            .Endpoint((context, _, endpoint) =>
            {
                if (!retryingStrategy)
                    endpoint.UseMessageRetry(x => x.Interval(3, TimeSpan.FromMilliseconds(100)));
                endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            }).StartAsync();
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();

        proxy.LoseNextCommitReply();
        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(2L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        proxy.HasLostReply.ShouldBeTrue();
        (await Count("payments")).ShouldBe(2);
        (await RabbitMq.Depth(Broker.Uri, "PayOrder_error")).ShouldBe(0u);
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

    TestHostBuilder Through(TcpProxy proxy) => new(Database.ConnectionString, new UriBuilder(Broker.Uri) { Host = "127.0.0.1", Port = proxy.Port }.Uri);
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
