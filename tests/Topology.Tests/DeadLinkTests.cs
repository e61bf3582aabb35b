using Contracts;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>A link that moves nothing is named with the reason, and apply heals it.</summary>
public sealed class DeadLinkTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_link_whose_password_is_wrong_is_named_and_healed()
    {
        await using var system = await TestSystem.ApplyAsync(options => options with { LinkTimeout = Soon });
        var link = system.Topology.Links.Single(link => link.Shovel == "orders-to-payments");
        await system.Broker.PutAsync(User.WithPassword(link.User, "changed by somebody"));
        var shovel = system.Topology.Definitions.Parameters.Single(parameter => parameter.Name == link.Shovel);
        await system.Broker.DeleteAsync(shovel);
        await system.Broker.PutAsync(shovel);
        await Eventually.TrueAsync(
            async () => (await system.Topology.DiffAsync(system.Broker)).Any(step =>
                step.ToString().StartsWith($"! shovel {link.SourceVirtualHost}/{link.Shovel} is ", StringComparison.Ordinal)),
            "the dead shovel is a line of diff");
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.PublishAsync("payments:authorize-payment", "waits for the right password");

        var complaint = await Should.ThrowAsync<TopologyException>(() => system.Topology.WaitForLinksAsync(system.Broker));

        complaint.Message.ShouldStartWith($"{link} moves nothing: user {link.User} has another password than the link signs in with");
        complaint.Message.Split(Environment.NewLine).ShouldHaveSingleItem("the other links are well");
        await ShouldHealAsync(system, "waits for the right password");
    }

    [Fact]
    public async Task A_link_whose_destination_is_missing_is_named_and_healed()
    {
        await using var system = await TestSystem.ApplyAsync(options => options with { LinkTimeout = Soon, LinkDeliveryLimit = 1000 });
        var link = system.Topology.Links.Single(link => link.Shovel == "orders-to-payments");
        await system.Broker.DeleteAsync(Exchange.Fanout(link.DestinationVirtualHost, "payments:authorize-payment"));
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.PublishAsync("payments:authorize-payment", "waits for its exchange");

        var complaint = await Should.ThrowAsync<TopologyException>(() => system.Topology.WaitForLinksAsync(system.Broker));

        complaint.Message.ShouldStartWith($"{link} moves nothing: exchange {link.DestinationVirtualHost}/payments:authorize-payment is missing");
        complaint.Message.Split(Environment.NewLine).ShouldHaveSingleItem("the other links are well");
        await ShouldHealAsync(system, "waits for its exchange");
    }

    [Fact]
    public async Task A_link_to_a_broker_that_does_not_answer_is_named_with_its_address()
    {
        await using var system = await TestSystem.NameAsync();
        system.Use(system.Options with { Broker = new Uri("amqp://localhost:1"), LinkTimeout = Soon });

        var complaint = await Should.ThrowAsync<TopologyException>(() => system.Topology.ApplyAsync(system.Broker));

        complaint.Message.Split(Environment.NewLine).Length.ShouldBe(system.Topology.Links.Count);
        complaint.Message.ShouldContain("cannot reach or may not sign in at localhost:1");
    }

    [Fact]
    public async Task A_link_without_its_right_is_named_and_healed()
    {
        await using var system = await TestSystem.ApplyAsync(options => options with { LinkTimeout = Soon, LinkDeliveryLimit = 1000 });
        var link = system.Topology.Links.Single(link => link.Shovel == "orders-to-payments");
        await system.Broker.PutAsync(new Permission(link.User, link.DestinationVirtualHost, "^$", "^$", "^$"));
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.PublishAsync("payments:authorize-payment", "waits for its right");

        var complaint = await Should.ThrowAsync<TopologyException>(() => system.Topology.WaitForLinksAsync(system.Broker));

        complaint.Message.ShouldStartWith($"{link} moves nothing: rights of {link.User} in {link.DestinationVirtualHost} is not as declared");
        await ShouldHealAsync(system, "waits for its right");
    }

    private static async Task ShouldHealAsync(TestSystem system, string message)
    {
        system.Use(system.Options with { LinkTimeout = TimeSpan.FromSeconds(60) });
        (await system.Topology.ApplyAsync(system.Broker)).ShouldNotBeEmpty();

        (await (await system.ConnectAsync(Routes.Payments)).TakeAsync("authorize-payment")).Text().ShouldBe(message);
        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }
}
