using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

public class ConsumeTests : OutboxTest
{
    [Fact]
    public async Task A_published_message_is_consumed_and_what_its_consumer_publishes_as_well()
    {
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<RecordPaidConsumer>().StartAsync();

        await host.PublishAndSave(Enumerable.Range(0, 20).Select(object (_) => new OrderPlaced(NewId.NextGuid())).ToArray());

        await Eventually.EqualAsync(20, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        (await Count("payments")).ShouldBe(20);
        await OutboxIsEmpty();
        (await Count("inbox_state")).ShouldBe(40);
    }
}
