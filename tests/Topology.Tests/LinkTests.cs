using System.Text;
using Contracts;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class LinkTests(TestSystem system) : IClassFixture<TestSystem>
{
    [Fact]
    public async Task A_message_published_in_one_virtual_host_arrives_in_the_other_as_it_was()
    {
        var orders = await system.ConnectAsync(Routes.Orders);
        var payments = await system.ConnectAsync(Routes.Payments);
        var sent = new BasicProperties
        {
            MessageId = Guid.NewGuid().ToString(),
            CorrelationId = "correlation",
            ContentType = "application/vnd.masstransit+json",
            Persistent = true,
            Priority = 3,
            Timestamp = new AmqpTimestamp(1_700_000_000),
            Headers = new Dictionary<string, object?> { ["text"] = "ümlaut"u8.ToArray(), ["number"] = 42L },
        };
        byte[] body = [0, 1, 2, 255];

        await orders.BasicPublishAsync("payments:authorize-payment", "", mandatory: true, sent, body);

        var arrived = await payments.TakeAsync("authorize-payment");
        arrived.Body.ToArray().ShouldBe(body);
        arrived.BasicProperties.MessageId.ShouldBe(sent.MessageId);
        arrived.BasicProperties.CorrelationId.ShouldBe(sent.CorrelationId);
        arrived.BasicProperties.ContentType.ShouldBe(sent.ContentType);
        arrived.BasicProperties.Priority.ShouldBe(sent.Priority);
        arrived.BasicProperties.Timestamp.ShouldBe(sent.Timestamp);
        arrived.BasicProperties.DeliveryMode.ShouldBe(DeliveryModes.Persistent);
        arrived.BasicProperties.Headers!["text"].ShouldBe("ümlaut"u8.ToArray());
        arrived.BasicProperties.Headers!["number"].ShouldBe(42L);
    }

    [Fact]
    public async Task Every_route_carries_its_message_to_its_endpoint_once()
    {
        foreach (var route in Routes.All)
        {
            var source = await system.ConnectAsync(route.Source);
            var destination = await system.ConnectAsync(route.Destination);

            await source.PublishAsync(route.Exchange, $"by {route.Exchange}");

            (await destination.TakeAsync(route.Endpoint)).Text().ShouldBe($"by {route.Exchange}");
            (await destination.MessageCountAsync(route.Endpoint)).ShouldBe(0u);
        }
    }

    [Fact]
    public async Task A_destination_that_is_away_leaves_its_messages_waiting_in_sight()
    {
        await using var own = await TestSystem.ApplyAsync();
        var shovel = own.Topology.Definitions.Parameters.Single(parameter => parameter.Name == "orders-to-payments");
        await own.Broker.DeleteAsync(shovel);
        var orders = await own.ConnectAsync(Routes.Orders);

        await orders.PublishAsync("payments:authorize-payment", "waits");

        var administrator = await own.ConnectAsAdministratorAsync(Routes.Orders);
        (await administrator.MessageCountAsync("to-payments")).ShouldBe(1u);
        await own.Topology.ApplyAsync(own.Broker);
        (await (await own.ConnectAsync(Routes.Payments)).TakeAsync("authorize-payment")).Text().ShouldBe("waits");
    }

    [Fact]
    public async Task A_message_that_the_destination_refuses_is_dead_lettered_and_the_link_goes_on()
    {
        await using var own = await TestSystem.ApplyAsync(options => options with { LinkDeliveryLimit = 3 });
        var orders = await own.ConnectAsAdministratorAsync(Routes.Orders);
        await orders.ExchangeDeclareAsync("unknown-there", ExchangeType.Fanout, durable: true);
        await orders.QueueBindAsync("to-payments", "unknown-there", "");

        await orders.PublishAsync("unknown-there", "poison");
        for (var i = 0; i < 200; i++)
            await orders.PublishAsync("payments:authorize-payment", $"{i}");

        var payments = await own.ConnectAsync(Routes.Payments);
        var letters = new HashSet<string>();
        var arrived = new HashSet<string>();
        await Eventually.TrueAsync(
            async () =>
            {
                while (await orders.BasicGetAsync(Names.DeadLetters, autoAck: true) is { } letter)
                {
                    letters.Add(letter.Text());
                    ReasonOf(letter).ShouldBe("delivery_limit");
                }

                while (await payments.BasicGetAsync("authorize-payment", autoAck: true) is { } message)
                    arrived.Add(message.Text());

                // A shovel notices that its message was refused when it sends the next one, so a refused message that is alone
                // waits for the traffic behind it.
                await orders.PublishAsync("payments:authorize-payment", "later traffic");
                return arrived.Union(letters).Count(text => text != "later traffic") == 201;
            },
            "every message either arrives or is a dead letter");

        letters.ShouldContain("poison");
        arrived.ShouldNotContain("poison");
        // A message that travels right behind the bad one may share its fate; it is a letter then, not lost.
        letters.Count.ShouldBeLessThan(10);
    }

    [Fact]
    public async Task A_full_link_refuses_its_publisher_and_nothing_vanishes()
    {
        await using var own = await TestSystem.ApplyAsync(options => options with { LinkLengthLimit = 5 });
        await own.Broker.DeleteAsync(own.Topology.Definitions.Parameters.Single(parameter => parameter.Name == "orders-to-payments"));
        var orders = await own.ConnectAsync(Routes.Orders);

        var accepted = new List<string>();
        var refused = 0;
        for (var i = 0; i < 50; i++)
            try
            {
                await orders.PublishAsync("payments:authorize-payment", $"{i}");
                accepted.Add($"{i}");
            }
            catch (RabbitMQ.Client.Exceptions.PublishException)
            {
                refused++;
            }

        refused.ShouldBeGreaterThan(0);
        await own.Topology.ApplyAsync(own.Broker);
        var payments = await own.ConnectAsync(Routes.Payments);
        (await payments.TakeAsync("authorize-payment", accepted.Count)).ShouldBe(accepted, ignoreOrder: true);
    }

    private static string ReasonOf(BasicGetResult letter)
    {
        var deaths = (IList<object>)letter.BasicProperties.Headers!["x-death"]!;
        return Encoding.UTF8.GetString((byte[])((IDictionary<string, object>)deaths[0])["reason"]);
    }
}
