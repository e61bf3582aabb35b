using Contracts;
using MassTransit;
using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class RoutingTableTests
{
    private static readonly Type[] Messages =
        [.. typeof(Routes).Assembly.GetExportedTypes().Where(type => type.IsDefined(typeof(EntityNameAttribute), inherit: false))];

    [Fact]
    public void Every_message_has_a_route() =>
        Messages.Except(Routes.All.Select(route => route.Message)).ShouldBeEmpty();

    [Fact]
    public void Every_routed_message_pins_its_exchange_and_its_urn()
    {
        foreach (var route in Routes.All)
        {
            route.Exchange.ShouldNotBeNullOrEmpty();
            route.Message.IsDefined(typeof(MessageUrnAttribute), inherit: false).ShouldBeTrue($"{route.Message} pins no URN");
        }
    }

    [Fact]
    public void No_two_messages_share_an_exchange_or_a_urn()
    {
        Messages.Select(message => ((EntityNameAttribute)message.GetCustomAttributes(typeof(EntityNameAttribute), false)[0]).EntityName)
            .ShouldBeUnique();
        Messages.Select(message => ((MessageUrnAttribute)message.GetCustomAttributes(typeof(MessageUrnAttribute), false)[0]).Urn)
            .ShouldBeUnique();
    }

    [Fact]
    public void A_messages_exchange_is_named_as_its_urn()
    {
        foreach (var route in Routes.All)
            MessageUrn.ForTypeString(route.Message).ShouldBe($"urn:message:{route.Exchange}");
    }

    // MassTransit would bind the exchange to itself, and what nobody else takes would come back instead of becoming a dead letter.
    [Fact]
    public void No_message_shares_an_exchange_with_an_endpoint() =>
        Routes.All.Select(route => route.Exchange).Intersect(Routes.All.Select(route => route.Endpoint)).ShouldBeEmpty();

    [Fact]
    public void No_route_stands_twice() => Routes.All.ShouldBeUnique();

    [Fact]
    public void A_message_has_one_owner() =>
        Routes.All
            .GroupBy(route => route.Message)
            .Where(routes => routes.Select(route => route.Source).Distinct().Count() > 1)
            .ShouldBeEmpty();

    [Fact]
    public void Every_service_takes_part() =>
        RoutingTable.OfContracts.Services.ShouldBe(Routes.Services, ignoreOrder: true);

    [Fact]
    public void What_waits_has_a_route_to_go_on()
    {
        foreach (var wait in Routes.WaitQueues)
            Routes.All.ShouldContain(route => route.Message == wait.Message && route.Source == wait.Service && route.Destination == wait.Service);
    }

    [Fact]
    public void What_expires_was_routed_before()
    {
        foreach (var expiry in Routes.Expiries)
            Routes.All.ShouldContain(route => route.Destination == expiry.Service && route.Endpoint == expiry.Endpoint);
    }
}
