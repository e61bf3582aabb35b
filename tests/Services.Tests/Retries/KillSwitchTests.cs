using MassTransit;
using Messaging;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.DeadLetters;
using Shouldly;
using Xunit;

namespace Services.Tests.Retries;

public sealed class KillSwitchTests
{
    [Fact]
    public async Task An_endpoint_that_only_fails_pauses_and_goes_on_by_itself_when_its_trouble_is_over()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { Consumers = bus => bus.AddConsumer<PackParcelConsumer, Fragile>() });
        await using var channel = await shop.ChannelAsync();
        var orders = Enumerable.Range(0, 60).Select(_ => Guid.NewGuid()).ToList();

        foreach (var order in orders)
            await shop.PublishAsync(new PackParcel(order, "ill"));

        await Eventually.EqualAsync(0u, () => channel.ConsumerCountAsync("pack-parcel"), "consumers of the endpoint");
        shop.Fates.Ill = false;
        await Eventually.EqualAsync(60L, () => shop.CountAsync("SELECT count(*) FROM packed_parcels"), "packed parcels");
        (await channel.ConsumerCountAsync("pack-parcel")).ShouldBe(1u);
        (await shop.CountAsync("SELECT count(*) FROM dead_letters")).ShouldBe(0);
    }

    [Fact]
    public async Task Messages_that_nothing_can_heal_pause_nobody()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { Consumers = bus => bus.AddConsumer<PackParcelConsumer, Stubborn>() });
        var orders = Enumerable.Range(0, 40).Select(_ => Guid.NewGuid()).ToList();

        foreach (var order in orders)
            await shop.PublishAsync(new PackParcel(order, Fates.Invalid));

        await shop.LettersAsync("reason = 'fault'", 40);
    }

    /// <summary>Once it pauses, it does so for longer than the test waits.</summary>
    private sealed class Stubborn : Fragile
    {
        protected override TimeSpan Pause => TimeSpan.FromHours(1);
    }

    private class Fragile : ConsumerDefinition<PackParcelConsumer>, IAdjustEndpoint
    {
        public Fragile() => EndpointName = "pack-parcel";

        protected virtual TimeSpan Pause => TimeSpan.FromSeconds(2);

        public void Adjust(EndpointConventions endpoint)
        {
            endpoint.PrefetchCount = 4;
            endpoint.Immediate = new Backoff(Limit: 0, TimeSpan.Zero, TimeSpan.Zero);
            endpoint.KillSwitch = new KillSwitchLimits(Attempts: 6, FailureRatio: 0.5, Window: TimeSpan.FromMinutes(1), Pause);
        }
    }
}
