using RealServers;
using Services.Tests.DeadLetters;
using Shouldly;

namespace Services.Tests.Retries;

public sealed class RecoveryTests
{
    [Fact]
    public async Task A_consumer_that_throws_for_ten_seconds_and_then_heals_consumes_the_message_once()
    {
        // The first wait is as long as it really is, so the message is tried at once, after 5 seconds and after 13.
        await using var shop = await Shop.OpenAsync(new ShopSettings
        {
            Waits = new Dictionary<string, TimeSpan> { ["retry-5s"] = TimeSpan.FromSeconds(5), ["retry-30s"] = TimeSpan.FromSeconds(8) },
        });
        var order = Guid.NewGuid();

        await shop.PublishAsync(new PackParcel(order, Fates.Recovers));

        await Eventually.TrueAsync(async () => await shop.PackedAsync(order) > 0, "the parcel is packed");
        (await shop.PackedAsync(order)).ShouldBe(1);
        shop.Fates.AttemptsAt(order).ShouldBe(5, "two at each delivery that failed, and one that did not");
        (await shop.CountAsync("SELECT count(*) FROM dead_letters")).ShouldBe(0);
    }
}
