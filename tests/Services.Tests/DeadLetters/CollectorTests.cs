using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class CollectorTests
{
    [Fact]
    public async Task While_the_database_is_away_letters_stay_on_the_broker()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { BehindProxies = true });
        shop.DatabaseProxy!.Cut();

        await PublishBrokenAsync(shop, 20);

        await Eventually.EqualAsync(20L, () => shop.MessagesAsync("dead-letters"), "letters on the broker");
        shop.DatabaseProxy.Restore();
        await shop.LettersAsync("true", 20);
        await Eventually.EqualAsync(0L, () => shop.MessagesAsync("dead-letters"), "letters on the broker");
        (await shop.CountAsync("SELECT count(*) FROM dead_letters")).ShouldBe(20);
    }

    [Fact]
    public async Task A_collector_that_dies_between_commit_and_acknowledgement_loses_no_letter_and_stores_none_twice()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { BehindProxies = true });
        await using var database = await shop.OpenDatabaseAsync();

        // The commit waits for this lock, so that the connection is gone by the time of the acknowledgement.
        await using (var transaction = await database.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("LOCK TABLE dead_letters IN SHARE MODE", database, transaction);
            await command.ExecuteNonQueryAsync();
            await PublishBrokenAsync(shop, 30);
            await Eventually.TrueAsync(
                async () => await shop.CountAsync("SELECT count(*) FROM pg_locks WHERE relation = 'dead_letters'::regclass AND NOT granted") > 0,
                "the collector is in the middle of its commit");
            shop.BrokerProxy!.Cut();
            await transaction.CommitAsync();
        }

        await shop.LettersAsync("true");
        shop.BrokerProxy.Restore();

        await Eventually.EqualAsync(0L, () => shop.MessagesAsync("dead-letters"), "letters on the broker");
        await shop.LettersAsync("true", 30);
        (await shop.CountAsync("SELECT count(*) FROM dead_letters")).ShouldBe(30);
        (await shop.CountAsync("SELECT count(*) FROM dead_letters WHERE count > 1")).ShouldBeGreaterThan(0, "they came twice");
    }

    [Fact]
    public async Task The_same_letter_twice_is_one_with_a_count()
    {
        await using var shop = await Shop.OpenAsync();
        var (messageId, order) = (Guid.NewGuid(), Guid.NewGuid());

        for (var i = 0; i < 3; i++)
        {
            await shop.PublishRawAsync(
                "pack-parcel", RawMessage.PackParcel(messageId, order, Fates.Invalid), properties => properties.AsMassTransit(messageId));
        }

        await Eventually.EqualAsync(3L, () => shop.CountAsync($"SELECT coalesce(sum(count), 0)::bigint FROM dead_letters WHERE order_id = '{order}'"), "letters");
        (await shop.LetterAsync(order)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_letter_that_the_database_refuses_holds_up_no_other()
    {
        await using var shop = await Shop.OpenAsync();
        await using (var database = await shop.OpenDatabaseAsync())
        {
            // Stands for whatever a database may refuse: this one takes no letter of a certain type.
            await using var command = new NpgsqlCommand(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22000'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON dead_letters FOR EACH ROW WHEN (NEW.message_type = 'Shop:Refused') EXECUTE FUNCTION refuse();
                """,
                database);
            await command.ExecuteNonQueryAsync();
        }

        await shop.PublishRawAsync(
            "pack-parcel", RawMessage.Envelope(Guid.NewGuid(), "Shop:Refused", new { }), properties => properties.AsMassTransit(Guid.NewGuid()));
        await PublishBrokenAsync(shop, 10);

        await shop.LettersAsync("true", 10);
        await Eventually.EqualAsync(1L, () => shop.MessagesAsync("dead-letters"), "letters on the broker");
    }

    private static async Task PublishBrokenAsync(Shop shop, int count)
    {
        for (var i = 0; i < count; i++)
            await shop.PublishRawAsync("pack-parcel", RawMessage.Utf8($"{{ broken {i}"), properties => properties.AsMassTransit(Guid.NewGuid()));
    }
}
