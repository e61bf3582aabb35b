using MassTransit;
using Messaging;
using Services.Tests.DeadLetters;
using Shouldly;
using Xunit;

namespace Services.Tests.Retries;

public sealed class OverrideTests
{
    [Fact]
    public async Task A_definition_can_name_other_levels_and_what_is_never_retried_beside_its_consumer()
    {
        await using var shop = await Shop.OpenAsync(new ShopSettings { Consumers = bus => bus.AddConsumer<PackParcelConsumer, Impatient>() });
        var (failing, ill) = (Guid.NewGuid(), Guid.NewGuid());

        await shop.PublishAsync(new PackParcel(failing, Fates.Fails));
        await shop.PublishAsync(new PackParcel(ill, "ill"));

        (await shop.LetterAsync(failing)).Attempts.ShouldBe(6);
        (await shop.LetterAsync(ill)).Attempts.ShouldBe(1);
        shop.Fates.AttemptsAt(failing).ShouldBe(6);
        shop.Fates.AttemptsAt(ill).ShouldBe(1);
    }

    private sealed class Impatient : ConsumerDefinition<PackParcelConsumer>, IAdjustEndpoint
    {
        public Impatient() => EndpointName = "pack-parcel";

        public void Adjust(EndpointConventions endpoint)
        {
            endpoint.Immediate = new Backoff(Limit: 2, TimeSpan.Zero, TimeSpan.Zero);
            endpoint.Delayed = [endpoint.Delayed[0]];
            endpoint.NeverRetry<TimeoutException>();
        }
    }
}
