using System.Net;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.Hosting;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class DeliveryLimitTests
{
    [Fact]
    public async Task A_message_that_kills_every_process_that_consumes_it_ends_as_a_dead_letter_and_the_others_are_consumed()
    {
        const int limit = 3;
        await using var shop = await Shop.OpenAsync(new ShopSettings { InOwnProcess = true, DeliveryLimit = limit });
        var deadly = Guid.NewGuid();
        await shop.PublishRawAsync("pack-parcel", RawMessage.PackParcel(Guid.NewGuid(), deadly, Fates.Deadly), properties => properties.AsMassTransit(Guid.NewGuid()));

        await using var supervisor = new Supervisor(shop);
        await Eventually.TrueAsync(
            async () =>
            {
                await supervisor.KeepRunningAsync();
                return await shop.CountAsync($"SELECT count(*) FROM dead_letters WHERE order_id = '{deadly}'") > 0;
            },
            "the message is a dead letter",
            TimeSpan.FromMinutes(3));

        supervisor.Deaths.ShouldBe(limit + 1, "each delivery has cost a process");
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
        await depot.ExchangeDeleteAsync("shop:ship-parcel");
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
        letter.Exchange.ShouldBe("shop:ship-parcel");
        await shop.Topology.ApplyAsync(shop.Broker);

        var response = await shop.Operator.PostAsync(new Uri($"shop/dead-letters/{letter.Id}/replay", UriKind.Relative), content: null);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var arrival = await shop.AdministratorChannelAsync(Shop.Depot);
        await Eventually.TrueAsync(
            async () => await arrival.BasicGetAsync("ship-parcel", autoAck: true) is { } arrived && arrived.BasicProperties.MessageId == messageId.ToString(),
            "the parcel has arrived");
    }

    /// <summary>Starts the service, and starts it again when it has died.</summary>
    private sealed class Supervisor(Shop shop) : IAsyncDisposable
    {
        private ServiceProcess _process = shop.Launch();

        public int Deaths { get; private set; }

        public async Task KeepRunningAsync()
        {
            if (_process.IsRunning)
                return;
            Deaths++;
            await _process.DisposeAsync();
            _process = shop.Launch();
        }

        public ValueTask DisposeAsync() => _process.DisposeAsync();
    }
}
