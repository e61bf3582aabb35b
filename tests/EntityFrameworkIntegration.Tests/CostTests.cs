using EntityFrameworkIntegration.Tests.Support;
using LocalStack;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>What a consumed message with one entity and one outgoing message costs the database.</summary>
public class CostTests : OutboxTest
{
    const int Messages = 200;

    [Fact]
    public async Task A_consumed_message_takes_at_most_four_round_trips()
    {
        await using PostgresProxy proxy = new(Database.ConnectionString + ";No Reset On Close=true;Maximum Pool Size=6");
        await using var host = await new TestHostBuilder(proxy.ConnectionString, Broker.Uri).Consumer<PayOrderConsumer>()
            .Outbox(Quiet).StartAsync();
        await Consume(host, Sql, 100);
        var before = proxy.RoundTrips;

        await Consume(host, Sql, Messages);

        // Three, and a share in the deletes of confirmed rows.
        ((proxy.RoundTrips - before) / (double)Messages).ShouldBeLessThanOrEqualTo(4.0);
    }

    [Fact]
    public async Task A_consumer_that_leaves_its_inserts_to_the_outbox_takes_a_round_trip_less()
    {
        await using PostgresProxy proxy = new(Database.ConnectionString + ";No Reset On Close=true;Maximum Pool Size=6");
        await using var host = await new TestHostBuilder(proxy.ConnectionString, Broker.Uri).Consumer<PayUnsavedConsumer>()
            .Outbox(Quiet).StartAsync();
        await Consume(host, Sql, 100);
        var before = proxy.RoundTrips;

        await Consume(host, Sql, Messages);

        // Two, and a share in the deletes of confirmed rows.
        ((proxy.RoundTrips - before) / (double)Messages).ShouldBeLessThan(3.0);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_request_that_adds_two_entities_takes_one_round_trip_if_it_publishes_and_else_those_of_EF(bool publishes, int roundTrips)
    {
        await using PostgresProxy proxy = new(Database.ConnectionString + ";No Reset On Close=true;Maximum Pool Size=6");
        await using var host = await new TestHostBuilder(proxy.ConnectionString, Broker.Uri).Outbox(Quiet).StartAsync();
        await Request(host, 100, publishes);
        var before = proxy.RoundTrips;

        await Request(host, Messages, publishes);

        // A share in the deletes of confirmed rows comes on top.
        ((int)((proxy.RoundTrips - before) / (double)Messages)).ShouldBe(roundTrips);
    }

    [Fact]
    public async Task A_consumed_message_takes_one_commit_and_a_share_of_a_delete()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Outbox(Quiet).StartAsync();
        await Consume(host, Sql, 20);
        var before = await Transactions();

        await Consume(host, Sql, Messages);

        // A transaction that writes nothing takes no number.
        ((await Transactions() - before) / (double)Messages).ShouldBeLessThanOrEqualTo(2.1);
    }

    [Fact]
    public async Task A_consumed_message_takes_at_most_one_and_a_half_kilobytes_of_WAL_for_a_body_of_600_bytes()
    {
        // A server of its own: WAL is written for all databases together.
        var directory = Directory.CreateTempSubdirectory("outbox-postgres").FullName;
        await using (var postgres = await PostgresServer.StartAsync(new PostgresServerOptions(directory), TestContext.Current.CancellationToken))
        {
            await using (var context = TestDbContext.On(postgres.ConnectionString))
                await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
            await using var sql = NpgsqlDataSource.Create(postgres.ConnectionString);
            await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
            await using var host = await new TestHostBuilder(postgres.ConnectionString, Broker.Uri).Consumer<TellPaidConsumer>().Outbox(Quiet)
                .RabbitMq((_, rabbit) => rabbit.ConfigureJsonSerializerOptions(x => new(x) { WriteIndented = false })).StartAsync();
            // After a checkpoint, the first change of a page writes the whole page.
            await Consume(host, sql, 5 * Messages);
            var before = await Wal(sql);

            await Consume(host, sql, 5 * Messages);

            var perMessage = (await Wal(sql) - before) / (5.0 * Messages);
            var body = (await RabbitMq.Receive(Broker.Uri, "paid")).Body.Length;
            TestContext.Current.TestOutputHelper!.WriteLine($"{perMessage:0} bytes of WAL with a body of {body}");
            // The body is written once.
            (perMessage - body + 600).ShouldBeLessThanOrEqualTo(1_500);
        }

        Directory.Delete(directory, recursive: true);
    }

    static async Task Consume(TestHost host, NpgsqlDataSource sql, int messages)
    {
        var consumed = await Scalar(sql, "SELECT count(*) FROM inbox_state") + messages;
        await Task.WhenAll(Enumerable.Range(0, messages).Select(_ => host.Bus.Publish(new OrderPlaced(NewId.NextGuid()))));
        await Eventually.EqualAsync(consumed, () => Scalar(sql, "SELECT count(*) FROM inbox_state"), "consumed messages");
        await Eventually.EqualAsync(0L, () => Scalar(sql, "SELECT count(*) FROM outbox_message"), "rows in the outbox");
    }

    async Task Request(TestHost host, int requests, bool publishes)
    {
        await Task.WhenAll(Enumerable.Range(0, requests).Select(_ => host.InScope(async (database, publish) =>
        {
            database.AddRange(new Order { Id = NewId.NextGuid() }, new Order { Id = NewId.NextGuid() });
            if (publishes)
                await publish.Publish(new OrderPaid(NewId.NextGuid()));
            await database.SaveChangesAsync();
        })));
        await OutboxIsEmpty();
    }

    static Task<long> Wal(NpgsqlDataSource sql) => Scalar(sql, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint");

    static async Task<long> Scalar(NpgsqlDataSource sql, string query)
    {
        await using var command = sql.CreateCommand(query);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    static void Quiet(IEntityFrameworkOutboxConfigurator outbox)
    {
        outbox.QueryDelay = TimeSpan.FromMinutes(1);
        outbox.DisableInboxCleanupService();
    }

    Task<long> Transactions() => Scalar(Sql, "SELECT pg_current_xact_id()::text::bigint");
}

/// <summary>Sends a message and writes nothing of its own, so that what is written is the outbox's and the inbox's.</summary>
public class TellPaidConsumer : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context) => context.Publish(new OrderPaid(context.Message.OrderId));
}
