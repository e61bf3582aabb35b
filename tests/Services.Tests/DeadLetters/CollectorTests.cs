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
    public async Task A_connection_that_is_lost_between_commit_and_acknowledgement_loses_no_letter_and_doubles_none()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { BehindProxies = true });

        await DuringACommitAsync(shop, () => Task.Run(shop.BrokerProxy!.Cut));
        await shop.LettersAsync("true");
        shop.BrokerProxy!.Restore();

        await EachIsStoredOnceAsync(shop);
        await SomeComeTwiceAsync(shop);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_collector_that_is_killed_in_the_middle_of_a_batch_loses_no_letter_and_doubles_none(bool committed)
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { InOwnProcess = true });
        await using var killed = shop.Launch();

        await DuringACommitAsync(shop, async () =>
        {
            await killed.KillAsync();
            // The server has yet to notice that its client is gone, and would commit what waits for the lock.
            if (!committed)
                (await AsSuperuserAsync<bool>(shop, $"SELECT pg_terminate_backend(pid, 30000) {AtItsCommit}")).ShouldBeTrue();
        });
        if (committed)
            await shop.LettersAsync("true");
        (await shop.CountAsync("SELECT count(*) FROM dead_letters") > 0).ShouldBe(committed);

        await using var next = shop.Launch();
        await EachIsStoredOnceAsync(shop);
        if (committed)
            await SomeComeTwiceAsync(shop);
        else
            (await shop.CountAsync("SELECT count(*) FROM dead_letters WHERE count > 1")).ShouldBe(0);
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

    private const string AtItsCommit =
        "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO dead_letters%'";

    /// <summary>Lets something happen while the collector stores thirty letters: it waits for a lock that nobody gives up before.</summary>
    private static async Task DuringACommitAsync(Shop shop, Func<Task> happens)
    {
        await using var database = await shop.OpenDatabaseAsync();
        await using var transaction = await database.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE dead_letters IN SHARE MODE", database, transaction);
        await command.ExecuteNonQueryAsync();
        await PublishBrokenAsync(shop, 30);
        await Eventually.TrueAsync(
            async () => await AsSuperuserAsync<long>(shop, $"SELECT count(*) {AtItsCommit}") > 0, "the collector is in the middle of its commit");
        await happens();
        await transaction.CommitAsync();
    }

    // Only a superuser sees, and ends, what another role's sessions are doing.
    private static async Task<T> AsSuperuserAsync<T>(Shop shop, string sql)
    {
        await using var superuser = await shop.OpenDatabaseAsync(asSuperuser: true);
        await using var command = new NpgsqlCommand(sql, superuser);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task EachIsStoredOnceAsync(Shop shop)
    {
        await shop.LettersAsync("true", 30);
        await Eventually.EqualAsync(0L, () => shop.MessagesAsync("dead-letters"), "letters on the broker");
        (await shop.CountAsync("SELECT count(*) FROM dead_letters")).ShouldBe(30);
    }

    // The broker's own figures are a few seconds old: the last of them may still be under way.
    private static Task SomeComeTwiceAsync(Shop shop) => Eventually.TrueAsync(
        async () => await shop.CountAsync("SELECT count(*) FROM dead_letters WHERE count > 1") > 0, "what was committed comes twice");

    private static async Task PublishBrokenAsync(Shop shop, int count)
    {
        for (var i = 0; i < count; i++)
            await shop.PublishRawAsync("pack-parcel", RawMessage.Utf8($"{{ broken {i}"), properties => properties.AsMassTransit(Guid.NewGuid()));
    }
}
