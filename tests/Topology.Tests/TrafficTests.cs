using System.Globalization;
using Contracts;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>Applying while messages flow: none is lost, whatever changes.</summary>
public sealed class TrafficTests
{
    private const int UnderWay = 3000;

    private static readonly Route[] Former =
        [.. Routes.All.Where(route => route.Message != typeof(Contracts.Orders.OrderCancelled))];

    [Fact]
    public async Task A_link_taken_into_use_and_settings_changed_under_traffic_lose_nothing()
    {
        await using var system = await TestSystem.NameAsync();
        system.Use(system.Options, RoutingTable.OfContracts with { Routes = Former });
        await system.Topology.ApplyAsync(system.Broker);
        await using var traffic = await Traffic.StartAsync(system, "orders:order-confirmed");

        system.Use(system.Options with { LinkSecret = "another", LinkLengthLimit = 500_000 });
        await system.Topology.ApplyAsync(system.Broker);
        system.Use(system.Options with { EndpointDeliveryLimit = 60 });
        await system.Topology.ApplyAsync(system.Broker);

        await traffic.ShouldArriveInFullAsync();
    }

    [Fact]
    public async Task A_route_taken_away_under_traffic_lets_what_is_under_way_arrive()
    {
        await using var system = await TestSystem.ApplyAsync();
        await using var traffic = await Traffic.StartAsync(system, "orders:order-confirmed");
        // Standing still, so that much is under way when the route goes.
        await system.Broker.DeleteAsync(system.Topology.Definitions.Parameters.Single(parameter => parameter.Name == "orders-to-notifications"));
        var orders = await system.ConnectAsync(Routes.Orders);
        await Task.WhenAll(Enumerable.Range(0, UnderWay).Select(i =>
            orders.PublishAsync("orders:order-cancelled", $"cancelled {i.ToString(CultureInfo.InvariantCulture)}").AsTask()));

        system.Use(system.Options, RoutingTable.OfContracts with { Routes = Former });
        var steps = await system.Topology.ApplyAsync(system.Broker);

        steps.Select(step => step.ToString()).ShouldContain($"- binding {system.VirtualHostOf(Routes.Orders)}/orders:order-cancelled -> queue to-notifications");
        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
        await traffic.ShouldArriveInFullAsync(besides: UnderWay);
    }

    [Fact]
    public async Task A_link_that_no_route_needs_any_more_is_emptied_and_taken_down()
    {
        await using var system = await TestSystem.ApplyAsync();
        var orders = await system.ConnectAsync(Routes.Orders);
        for (var i = 0; i < 500; i++)
            await orders.PublishAsync("orders:order-confirmed", i.ToString(CultureInfo.InvariantCulture));

        system.Use(system.Options, RoutingTable.OfContracts with
        {
            Routes = [.. Routes.All.Where(route => route.Destination != Routes.Notifications), Routes.Notifications.Publishes<Contracts.Orders.OrderConfirmed>().To(Routes.Notifications, "order-notifications")],
        });
        await system.Topology.ApplyAsync(system.Broker);

        var left = await system.Broker.ReadAsync([system.VirtualHostOf(Routes.Orders)]);
        left.Queues.ShouldNotContain(queue => queue.Name == "to-notifications");
        left.Parameters.ShouldNotContain(shovel => shovel.Name == "orders-to-notifications");
        left.Users.ShouldNotContain(user => user.Name == system.Options.Prefix + "link-orders-to-notifications");
        var notifications = await system.ConnectAsync(Routes.Notifications);
        await Eventually.EqualAsync(500u, () => notifications.MessageCountAsync("order-notifications"), "messages that were under way");
    }

    /// <summary>Publishes from orders to notifications without a break, until told to stop.</summary>
    private sealed class Traffic : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly TestSystem _system;
        private readonly Task<uint> _published;

        private Traffic(TestSystem system, string exchange, TaskCompletionSource started)
        {
            _system = system;
            _published = PublishAsync(exchange, started);
        }

        public static async Task<Traffic> StartAsync(TestSystem system, string exchange)
        {
            var started = new TaskCompletionSource();
            var traffic = new Traffic(system, exchange, started);
            await await Task.WhenAny(started.Task, traffic._published);
            return traffic;
        }

        /// <summary>At least once: a link that is put anew may repeat what it had not heard confirmed.</summary>
        public async Task ShouldArriveInFullAsync(int besides = 0)
        {
            await _stop.CancelAsync();
            var expected = await _published + (uint)besides;
            expected.ShouldBeGreaterThan(50u);

            var notifications = await _system.ConnectAsync(Routes.Notifications);
            var distinct = new HashSet<string>();
            await Eventually.TrueAsync(
                async () =>
                {
                    while (await notifications.BasicGetAsync("order-notifications", autoAck: true) is { } message)
                        distinct.Add(message.BasicProperties.MessageId!);
                    return distinct.Count == expected;
                },
                $"all {expected} published messages");

            foreach (var service in Routes.Services)
                (await (await _system.ConnectAsAdministratorAsync(service)).MessageCountAsync(Names.DeadLetters)).ShouldBe(0u);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _stop.Dispose();
        }

        private async Task<uint> PublishAsync(string exchange, TaskCompletionSource started)
        {
            var channel = await _system.ConnectAsync(Routes.Orders);
            var published = 0u;
            while (!_stop.IsCancellationRequested)
            {
                await channel.PublishAsync(exchange, $"{exchange} {published.ToString(CultureInfo.InvariantCulture)}");
                if (++published == 50)
                    started.TrySetResult();
            }

            return published;
        }
    }
}
