using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class CountingTests
{
    private const int Published = 5000;

    [Fact]
    public async Task Whatever_was_published_was_consumed_or_died_or_expired()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { DeliveryLimit = 3 });
        var parcels = new List<(string Exchange, string RoutingKey, byte[] Body, int HeaderBytes)>();
        Add(25, "pack-parcel", _ => RawMessage.Utf8("{ broken"));
        Add(25, "pack-parcel", _ => []);
        Add(23, "pack-parcel", order => RawMessage.Envelope(Guid.NewGuid(), "Shop:EatParcel", new { orderId = order }));
        Add(2, "pack-parcel", order => RawMessage.Envelope(Guid.NewGuid(), "Shop:EatParcel", new { orderId = order, filling = new string('x', 10 * 1024 * 1024) }));
        Add(25, "weigh-parcel", order => RawMessage.Envelope(Guid.NewGuid(), "Shop:WeighParcel", new { orderId = "not a guid" }));
        Add(15, "pack-parcel", order => Pack(order, Fates.Fails));
        Add(10, "crush-parcel", order => RawMessage.Envelope(Guid.NewGuid(), "Shop:CrushParcel", new { orderId = order }));
        Add(25, "pack-parcel", order => Pack(order, Fates.Invalid));
        Add(20, "pack-parcel", order => Pack(order, Fates.Canceled));
        Add(20, "weigh-parcel", order => Weigh(order, Fates.Fails));
        Add(25, "retry-return", order => Pack(order, Fates.Good), routingKey: "no-such-endpoint");
        Add(5, "pack-parcel", order => Pack(order, Fates.Fails), headerBytes: 120 * 1024);
        Add(30, "offer-parcel", order => RawMessage.Envelope(Guid.NewGuid(), "Shop:OfferParcel", new { orderId = order }));
        var poison = parcels.Count;
        poison.ShouldBe(Published / 20);
        Add((Published - poison) / 2, "pack-parcel", order => Pack(order, Fates.Good));
        Add(Published - parcels.Count, "weigh-parcel", order => Weigh(order, Fates.Good));

        await PublishAsync(shop, parcels);
        await DieOfAsync(shop, "crush-parcel", 10);

        await using var channel = await shop.ChannelAsync();
        await Eventually.EqualAsync(
            (Published - poison, poison - 30, 30),
            async () => (
                (int)await shop.CountAsync("SELECT count(*) FROM packed_parcels"),
                (int)await shop.CountAsync("SELECT count(*) FROM dead_letters"),
                (int)await channel.MessageCountAsync("offer-expired")),
            "consumed, dead and expired",
            TimeSpan.FromMinutes(3));
        (await shop.CountAsync("""SELECT count(DISTINCT "OrderId") FROM packed_parcels""")).ShouldBe(Published - poison);
        (await shop.CountAsync("SELECT sum(count) FROM dead_letters")).ShouldBe(poison - 30);
        (await shop.ScalarAsync<string>("SELECT string_agg(reason || ' ' || letters, ', ' ORDER BY reason) FROM (SELECT reason, count(*) letters FROM dead_letters GROUP BY reason) r"))
            .ShouldBe("delivery_limit 10, fault 160, skipped 25, unroutable 25");
        foreach (var queue in new[] { "pack-parcel", "weigh-parcel", "crush-parcel", "retry-5s", "retry-30s", "retry-5m", "offer-parcel" })
            (await channel.MessageCountAsync(queue)).ShouldBe(0u, queue);
        (await shop.Topology.DiffAsync(shop.Broker)).ShouldBeEmpty("none of it has changed the topology");

        void Add(int count, string exchange, Func<Guid, byte[]> body, string routingKey = "", int headerBytes = 0) => parcels.AddRange(
            Enumerable.Range(0, count).Select(_ => (exchange, routingKey, body(Guid.NewGuid()), headerBytes)));
    }

    // Shuffled, so that every batch and every prefetch window holds some of everything.
    private static async Task PublishAsync(Shop shop, List<(string Exchange, string RoutingKey, byte[] Body, int HeaderBytes)> parcels)
    {
        await using var channel = await shop.ChannelAsync();
        await Task.WhenAll(parcels.OrderBy(_ => Random.Shared.Next()).Select(async parcel =>
        {
            var properties = new BasicProperties { Persistent = true };
            properties.AsMassTransit(Guid.NewGuid());
            if (parcel.HeaderBytes > 0)
                properties.Headers = new Dictionary<string, object?> { ["bomb"] = new string('x', parcel.HeaderBytes) };
            await channel.BasicPublishAsync(parcel.Exchange, parcel.RoutingKey, mandatory: true, properties, parcel.Body);
        }));
    }

    // Plays a consumer whom each message of the queue kills: it never acknowledges, and its channel is gone.
    private static Task DieOfAsync(Shop shop, string queue, int messages) => Eventually.EqualAsync(
        messages,
        async () =>
        {
            await using (var channel = await shop.ChannelAsync())
            {
                while (await channel.BasicGetAsync(queue, autoAck: false) is not null)
                {
                }
            }

            return (int)await shop.CountAsync($"SELECT count(*) FROM dead_letters WHERE origin_queue = '{queue}'");
        },
        $"dead letters of {queue}");

    private static byte[] Pack(Guid order, string fate) => RawMessage.PackParcel(Guid.NewGuid(), order, fate);

    private static byte[] Weigh(Guid order, string fate) => RawMessage.Envelope(Guid.NewGuid(), "Shop:WeighParcel", new { orderId = order, fate });
}
