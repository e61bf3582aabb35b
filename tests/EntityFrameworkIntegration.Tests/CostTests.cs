using EntityFrameworkIntegration.Tests.Support;
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
        await Consume(host, 100);
        var before = proxy.RoundTrips;

        await Consume(host, Messages);

        // Three, and a share in the deletes of confirmed rows.
        ((proxy.RoundTrips - before) / (double)Messages).ShouldBeLessThanOrEqualTo(4.0);
    }

    [Fact]
    public async Task A_consumed_message_takes_one_commit_and_a_share_of_a_delete()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Outbox(Quiet).StartAsync();
        await Consume(host, 20);
        var before = await Transactions();

        await Consume(host, Messages);

        // A transaction that writes nothing takes no number.
        ((await Transactions() - before) / (double)Messages).ShouldBeLessThanOrEqualTo(2.1);
    }

    static void Quiet(IEntityFrameworkOutboxConfigurator outbox)
    {
        outbox.QueryDelay = TimeSpan.FromMinutes(1);
        outbox.DisableInboxCleanupService();
    }

    async Task Consume(TestHost host, int messages)
    {
        var consumed = await Count("payments") + messages;
        await Task.WhenAll(Enumerable.Range(0, messages).Select(_ => host.Bus.Publish(new OrderPlaced(NewId.NextGuid()))));
        await Eventually.EqualAsync(consumed, () => Count("payments"), "payments");
        await OutboxIsEmpty();
    }

    async Task<long> Transactions()
    {
        await using var command = Sql.CreateCommand("SELECT pg_current_xact_id()::text::bigint");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
