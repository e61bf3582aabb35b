using System.Net;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class DeliveryLimitTests
{
    [Fact]
    public async Task A_message_that_kills_whoever_consumes_it_ends_as_a_dead_letter_and_the_others_are_consumed()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { BehindProxies = true, DeliveryLimit = 3 });

        // To the broker a dead process is a connection that is gone.
        shop.Fates.Die = shop.BrokerProxy!.CutConnections;
        var deadly = Guid.NewGuid();
        await shop.PublishRawAsync("pack-parcel", RawMessage.PackParcel(Guid.NewGuid(), deadly, Fates.Deadly), properties => properties.AsMassTransit());

        var letter = await shop.LetterAsync(deadly);

        letter.Reason.ShouldBe("delivery_limit");
        letter.Queue.ShouldBe("pack-parcel");
        letter.ExceptionType.ShouldBeNull();
        var good = Guid.NewGuid();
        await shop.PublishRawAsync("pack-parcel", RawMessage.PackParcel(Guid.NewGuid(), good, Fates.Good), properties => properties.AsMassTransit(Guid.NewGuid()));
        await Eventually.EqualAsync(1, () => shop.PackedAsync(good), "packed parcels");
    }

    [Fact]
    public async Task A_letter_that_died_on_its_way_to_another_service_is_replayed_to_its_own_exchange()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { LinkDeliveryLimit = 2 });
        await using var depot = await shop.AdministratorChannelAsync(Shop.Depot);
        await depot.ExchangeDeleteAsync("ship-parcel");
        var order = Guid.NewGuid();
        var messageId = await shop.PublishAsync(new ShipParcel(order));
        // A shovel notices what its destination refused when it sends the next message.
        await Eventually.TrueAsync(
            async () =>
            {
                await shop.PublishAsync(new ShipParcel(Guid.NewGuid()));
                return await shop.CountAsync($"SELECT count(*) FROM dead_letters WHERE order_id = '{order}'") > 0;
            },
            "the message is a dead letter");
        var letter = await shop.LetterAsync(order);
        letter.Reason.ShouldBe("delivery_limit");
        letter.Queue.ShouldBe("to-depot");
        letter.Exchange.ShouldBe("ship-parcel");
        await shop.Topology.ApplyAsync(shop.Broker);

        var response = await shop.Operator.PostAsync(new Uri($"shop/dead-letters/{letter.Id}/replay", UriKind.Relative), content: null);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var arrival = await shop.AdministratorChannelAsync(Shop.Depot);
        await Eventually.TrueAsync(
            async () => await arrival.BasicGetAsync("ship-parcel", autoAck: true) is { } arrived && arrived.BasicProperties.MessageId == messageId.ToString(),
            "the parcel has arrived");
    }
}
