using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests.Crashes;

/// <summary>kill -9 at every step: nothing lost, nothing applied twice.</summary>
public class CrashTests : OutboxTest
{
    [Theory]
    [InlineData(CrashStep.BeforeCommit)]
    [InlineData(CrashStep.AfterCommitBeforeSend)]
    [InlineData(CrashStep.AfterSendBeforeDelete)]
    [InlineData(CrashStep.DuringDelete)]
    public async Task A_consumer_that_is_killed_loses_nothing_and_applies_nothing_twice(CrashStep step)
    {
        if (step == CrashStep.DuringDelete)
        {
            await Execute("CREATE FUNCTION hang() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(600); RETURN OLD; END' LANGUAGE plpgsql");
            await Execute("CREATE TRIGGER hang BEFORE DELETE ON outbox_message FOR EACH ROW EXECUTE FUNCTION hang()");
        }

        await using (var process = CrashingProcess.Start(step, Database.ConnectionString, Broker.Uri))
        {
            await process.Says("ready");
            await using (var publisher = await NewHost().StartAsync())
                await publisher.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
            if (step == CrashStep.DuringDelete)
                await Eventually.EqualAsync(1L, HangingDeletes, "deletes in progress");
            else
                await process.Says("halted");
            await process.Kill();
        }

        if (step == CrashStep.DuringDelete)
        {
            // The server has yet to notice that its client is gone.
            await Terminate();
            await Execute("DROP TRIGGER hang ON outbox_message");
        }

        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<ShipPaidConsumer>().StartAsync();

        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        (await Count("payments")).ShouldBe(1);
        (await Count("orders")).ShouldBe(1);
        (await RabbitMq.Depth(Broker.Uri, "ShipPaid")).ShouldBe(0u);
    }

    [Theory]
    [InlineData(CrashStep.BeforeScopeCommit, 0)]
    [InlineData(CrashStep.AfterScopeCommit, 1)]
    public async Task A_request_that_is_killed_sends_what_it_committed_and_nothing_else(CrashStep step, int expected)
    {
        await using (var process = CrashingProcess.Start(step, Database.ConnectionString, Broker.Uri))
        {
            await process.Says("halted");
            await process.Kill();
        }

        await Eventually.EqualAsync(0L, () => Count("pg_stat_activity", "datname = current_database() AND state = 'idle in transaction'"), "open transactions");
        await using var host = await NewHost().Consumer<PayOrderConsumer>().StartAsync();

        await Eventually.EqualAsync(expected, () => Count("payments"), "payments");
        await OutboxIsEmpty();
        (await Count("orders")).ShouldBe(expected);
    }

    [Fact]
    public async Task Of_two_instances_over_one_database_one_is_killed_in_the_middle()
    {
        const int orders = 300;
        await using var process = CrashingProcess.Start(CrashStep.None, Database.ConnectionString, Broker.Uri);
        await process.Says("ready");
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<ShipPaidConsumer>().StartAsync();

        var publishing = Task.WhenAll(Enumerable.Range(0, orders).Select(_ => host.PublishAndSave(new OrderPlaced(NewId.NextGuid()))));
        await Eventually.TrueAsync(async () => await Count("payments") > orders / 4, "a part of the orders is paid");
        await process.Kill();
        await publishing;

        await Eventually.EqualAsync((long)orders, () => Count("orders"), "shipped orders");
        await OutboxIsEmpty();
        (await Count("payments")).ShouldBe(orders);
        (await Count("orders")).ShouldBe(orders);
    }

    async Task<long> HangingDeletes()
    {
        await using var superuser = NpgsqlDataSource.Create((await Servers.GetAsync()).Postgres);
        await using var command = superuser.CreateCommand(
            $"SELECT count(*) FROM pg_stat_activity WHERE datname = '{Database.Name}' AND wait_event = 'PgSleep'");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    async Task Terminate()
    {
        await using var superuser = NpgsqlDataSource.Create((await Servers.GetAsync()).Postgres);
        await using var command = superuser.CreateCommand(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{Database.Name}' AND wait_event = 'PgSleep'");
        await command.ExecuteNonQueryAsync();
        await Eventually.EqualAsync(0L, HangingDeletes, "deletes in progress");
    }
}

/// <summary>Each time a payment is applied, a row is added.</summary>
public class ShipPaidConsumer(TestDbContext database) : IConsumer<OrderPaid>
{
    public async Task Consume(ConsumeContext<OrderPaid> context)
    {
        database.Orders.Add(new Order { Id = NewId.NextGuid(), Note = context.Message.OrderId.ToString() });
        await database.SaveChangesAsync(context.CancellationToken);
    }
}
