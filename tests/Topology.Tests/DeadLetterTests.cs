using Contracts;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class DeadLetterTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_no_binding_wants_is_a_dead_letter(bool endpointIsBound)
    {
        await using var system = await TestSystem.ApplyAsync();
        var payments = system.VirtualHostOf(Routes.Payments);
        await system.Broker.DeleteAsync(endpointIsBound
            ? Binding.ToQueue(payments, "capture-payment", "capture-payment")
            : Binding.ToExchange(payments, "payments:capture-payment", "capture-payment"));
        var orders = await system.ConnectAsync(Routes.Orders);

        await orders.PublishAsync("payments:capture-payment", "nobody is bound over there");

        var letter = await (await system.ConnectAsync(Routes.Payments)).TakeAsync(Names.DeadLetters);
        letter.Text().ShouldBe("nobody is bound over there");
        letter.Exchange.ShouldBe("payments:capture-payment");
    }

    [Fact]
    public async Task A_message_that_comes_back_too_often_is_a_dead_letter()
    {
        await using var system = await TestSystem.ApplyAsync(options => options with { EndpointDeliveryLimit = 3 });
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.PublishAsync("orders:order-submitted", "poison");

        var deliveries = 0;
        BasicGetResult? letter = null;
        await Eventually.TrueAsync(
            async () =>
            {
                if (await orders.BasicGetAsync("order-lifecycle", autoAck: false) is { } delivered)
                {
                    deliveries++;
                    await orders.BasicNackAsync(delivered.DeliveryTag, multiple: false, requeue: true);
                }

                letter = await orders.BasicGetAsync(Names.DeadLetters, autoAck: true);
                return letter is not null;
            },
            "the message is dead-lettered");

        letter!.Text().ShouldBe("poison");
        deliveries.ShouldBe(4);
    }

    [Fact]
    public async Task A_dead_letter_is_kept_however_often_it_comes_back()
    {
        await using var system = await TestSystem.ApplyAsync();
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.PublishAsync(Names.DeadLetters, "letter");

        // RabbitMQ 4 drops what came back twenty times unless it is told otherwise.
        for (var i = 0; i < 50; i++)
        {
            var letter = await Eventually.ValueAsync(() => orders.BasicGetAsync(Names.DeadLetters, autoAck: false), "the letter is there");
            await orders.BasicNackAsync(letter.DeliveryTag, multiple: false, requeue: true);
        }

        (await orders.TakeAsync(Names.DeadLetters)).Text().ShouldBe("letter");
    }
}
