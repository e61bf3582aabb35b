using RealServers;
using Shouldly;

namespace Services.Tests.DeadLetters;

public sealed class RetentionTests
{
    [Fact]
    public async Task Closed_letters_are_removed_in_time_and_open_ones_never_nor_what_they_came_from()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { LetterRetention = TimeSpan.FromSeconds(30) });
        var (open, replayed, discarded) = (await DeadAsync(shop), await DeadAsync(shop), await DeadAsync(shop));
        (await shop.Operator.PostAsync(Path($"{replayed.Id}/replay"), content: null)).EnsureSuccessStatusCode();
        var later = (await shop.LettersAsync($"previous_id = '{replayed.Id}'")).Single();
        await DiscardAsync(shop, discarded);

        // One that is open has been closed before if its message died again.
        await CloseLongAgoAsync(shop, open, replayed, discarded);

        await Eventually.EqualAsync(0L, () => CountAsync(shop, discarded), "the discarded letter");
        (await CountAsync(shop, open, replayed, later)).ShouldBe(3);
        (await shop.ScalarAsync<string>($"SELECT string_agg(by || ' ' || action || ' ' || outcome, ', ' ORDER BY id) FROM dead_letter_actions WHERE letter_id = '{discarded.Id}'"))
            .ShouldBe("dev-operator discard discarded, retention remove removed");

        await DiscardAsync(shop, later);
        await CloseLongAgoAsync(shop, later);

        await Eventually.EqualAsync(0L, () => CountAsync(shop, replayed, later), "the letter that came back, and where it came from");
        (await CountAsync(shop, open)).ShouldBe(1);
    }

    private static async Task<Letter> DeadAsync(Shop shop)
    {
        var order = Guid.NewGuid();
        await shop.PublishAsync(new PackParcel(order, Fates.Invalid));
        return await shop.LetterAsync(order);
    }

    private static async Task DiscardAsync(Shop shop, Letter letter) =>
        (await shop.Operator.DeleteAsync(Path($"{letter.Id}"))).EnsureSuccessStatusCode();

    private static Task<long> CloseLongAgoAsync(Shop shop, params Letter[] letters) => shop.CountAsync(
        $"WITH closed AS (UPDATE dead_letters SET closed_at = now() - interval '1 hour' WHERE {IsOneOf(letters)} RETURNING id) SELECT count(*) FROM closed");

    private static Task<long> CountAsync(Shop shop, params Letter[] letters) => shop.CountAsync($"SELECT count(*) FROM dead_letters WHERE {IsOneOf(letters)}");

    private static string IsOneOf(Letter[] letters) => $"id IN ('{string.Join("','", letters.Select(letter => letter.Id))}')";

    private static Uri Path(string path) => new($"shop/dead-letters/{path}", UriKind.Relative);
}
