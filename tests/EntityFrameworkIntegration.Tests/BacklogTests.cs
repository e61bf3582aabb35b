using System.Diagnostics;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Measures memory, so nothing else runs beside it.</summary>
[CollectionDefinition(DisableParallelization = true)]
public class Alone;

[Collection<Alone>]
public class BacklogTests : OutboxTest
{
    [Fact]
    public async Task A_backlog_at_start_is_sent_in_bounded_memory_while_new_messages_flow_at_once()
    {
        var rows = TestSize.Of(100_000, 1_000_000);
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, rows, "clock_timestamp()");
        var memory = GC.GetTotalMemory(forceFullCollection: true);

        await using var host = await NewHost().Consumer<RecordPaidConsumer>().Outbox(x => x.LeaseDuration = TimeSpan.FromSeconds(60)).StartAsync();
        var clock = Stopwatch.StartNew();
        await host.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "new messages");
        (await Count("outbox_message")).ShouldBeGreaterThan(0, "the backlog was still there when the new message had passed it");

        var largest = await LargestUntilSent(TimeSpan.FromSeconds(1), memory, TimeSpan.FromSeconds(TestSize.Of(180, 900)));
        (await RabbitMq.Depth(Broker.Uri, "target")).ShouldBeGreaterThanOrEqualTo((uint)rows);
        largest.ShouldBeLessThan(50_000_000);
        TestContext.Current.TestOutputHelper!.WriteLine($"{rows} rows in {clock.Elapsed.TotalSeconds:0.0} s, at most {largest / 1024} KiB more");
    }

    [Fact]
    public async Task A_backlog_of_large_messages_is_sent_in_bounded_memory()
    {
        const int rows = 300;
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, rows, "clock_timestamp()");
        await Execute("UPDATE outbox_message SET body = body || convert_to(repeat(' ', 512 * 1024), 'UTF8')");
        var memory = GC.GetTotalMemory(forceFullCollection: true);

        await using var host = await NewHost().Outbox(x =>
        {
            x.MaxInFlightBytes = 4 * 1024 * 1024;
            x.LeaseDuration = TimeSpan.FromSeconds(60);
            x.UseBusOutbox(b => b.MessageDeliveryTimeout = TimeSpan.FromSeconds(30));
        }).StartAsync();

        var largest = await LargestUntilSent(TimeSpan.FromMilliseconds(100), memory, TimeSpan.FromSeconds(180));
        (await RabbitMq.Depth(Broker.Uri, "target")).ShouldBeGreaterThanOrEqualTo((uint)rows);
        largest.ShouldBeLessThan(50_000_000);
        TestContext.Current.TestOutputHelper!.WriteLine($"at most {largest / 1024} KiB more");
    }

    async Task<long> LargestUntilSent(TimeSpan interval, long memory, TimeSpan bound)
    {
        var clock = Stopwatch.StartNew();
        var largest = 0L;
        var measured = TimeSpan.Zero;
        await Eventually.TrueAsync(async () =>
        {
            if (clock.Elapsed - measured > interval)
            {
                measured = clock.Elapsed;
                largest = Math.Max(largest, GC.GetTotalMemory(forceFullCollection: true) - memory);
            }

            return await Count("(SELECT 1 FROM outbox_message LIMIT 1) t") == 0;
        }, "the backlog is sent", bound);
        return largest;
    }

    [Fact]
    public async Task A_table_that_has_grown_since_its_statements_were_planned_is_not_read_from_end_to_end()
    {
        const int rows = 10_000;
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Execute("VACUUM ANALYZE outbox_message");
        NpgsqlConnectionStringBuilder prepared = new(Database.ConnectionString) { MaxAutoPrepare = 50, NoResetOnClose = true };
        await using var host = await new TestHostBuilder(prepared.ConnectionString, Broker.Uri)
            .Outbox(x =>
            {
                x.QueryDelay = TimeSpan.FromMilliseconds(20);
                x.QueryMessageLimit = 50;
            }).StartAsync();
        // Npgsql prepares a statement after a few executions, and PostgreSQL keeps its plan after a few more.
        await Eventually.TrueAsync(async () => await Statistic("seq_scan + idx_scan") > 200, "the empty table's plans are kept");

        await Rows.Insert(Sql, Broker, rows, "clock_timestamp()");
        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "target") >= rows, "the rows are sent", TimeSpan.FromSeconds(180));

        await Eventually.TrueAsync(async () => await Statistic("n_tup_del") >= rows, "the rows are deleted");
        // Each row is claimed, updated and deleted, and now and then counted; 200 looks at the whole table would be a million.
        (await Statistic("seq_tup_read + idx_tup_fetch")).ShouldBeLessThan(20 * rows);
    }

    async Task<long> Statistic(string column)
    {
        await using var command = Sql.CreateCommand($"SELECT {column} FROM pg_stat_user_tables WHERE relname = 'outbox_message'");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
