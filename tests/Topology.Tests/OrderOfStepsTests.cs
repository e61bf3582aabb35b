using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>The order that loses nothing.</summary>
public sealed class OrderOfStepsTests
{
    [Fact]
    public async Task A_way_is_built_from_its_far_end_and_opened_last()
    {
        await using var system = await TestSystem.NameAsync();

        var steps = (await system.Topology.DiffAsync(system.Broker)).Select(step => step.ToString()).ToList();

        var (orders, payments, link) = (system.Options.Prefix + "orders", system.Options.Prefix + "payments", system.Options.Prefix + "link-orders-to-payments");
        steps.Where(IsOnTheWay).ShouldBe(
        [
            $"+ vhost {orders}",
            $"+ vhost {payments}",
            $"+ queue {payments}/dead-letters",
            $"+ policy {orders}/to-payments",
            $"+ queue {payments}/authorize-payment",
            $"+ queue {orders}/to-payments",
            $"+ binding {payments}/authorize-payment -> queue authorize-payment",
            $"+ binding {payments}/payments:authorize-payment -> exchange authorize-payment",
            $"+ rights of {link} in {payments}",
            $"+ shovel {orders}/orders-to-payments",
            $"+ binding {orders}/payments:authorize-payment -> queue to-payments",
            $"+ rights of {orders} in {orders}",
        ]);

        bool IsOnTheWay(string step) =>
            step == $"+ vhost {orders}" || step == $"+ vhost {payments}" || step == $"+ queue {payments}/dead-letters"
            || step.EndsWith("/to-payments", StringComparison.Ordinal) || step == $"+ queue {payments}/authorize-payment"
            || step.Contains("authorize-payment ->", StringComparison.Ordinal) || step == $"+ rights of {link} in {payments}"
            || step.EndsWith("/orders-to-payments", StringComparison.Ordinal) || step == $"+ rights of {orders} in {orders}";
    }

    [Fact]
    public async Task A_way_is_taken_down_from_its_near_end_after_what_is_on_it_has_arrived()
    {
        await using var system = await TestSystem.ApplyAsync();
        var link = system.Topology.Links.Single(link => link.Shovel == "orders-to-notifications");
        system.Use(system.Options, RoutingTable.OfContracts with
        {
            Routes =
            [
                .. Contracts.Routes.All.Where(route => route.Destination != link.Destination),
                link.Destination.Publishes<Contracts.Orders.OrderConfirmed>().To(link.Destination, "order-notifications"),
            ],
        });

        var steps = (await system.Topology.DiffAsync(system.Broker)).Select(step => step.ToString())
            .Where(step => step.StartsWith('-') || step.StartsWith('.'));

        var (orders, notifications) = (link.SourceVirtualHost, link.DestinationVirtualHost);
        steps.ShouldBe(
        [
            $"- binding {orders}/orders:order-cancelled -> queue to-notifications",
            $"- binding {orders}/orders:order-confirmed -> queue to-notifications",
            $". what waits in {orders}/to-notifications travels before its way is closed",
            $"- binding {orders}/probe-orders-to-notifications -> queue to-notifications",
            $"- binding {notifications}/orders:order-cancelled -> exchange order-notifications",
            $"- shovel {orders}/orders-to-notifications",
            $"- queue {orders}/to-notifications",
            $"- exchange {notifications}/probe-orders-to-notifications",
            $"- exchange {orders}/probe-orders-to-notifications",
            $"- policy {orders}/to-notifications",
            $"- rights of {link.User} in {notifications}",
            $"- rights of {link.User} in {orders}",
            $"- user {link.User}",
        ]);
    }
}
