using Contracts;
using EndToEnd.Systems;
using LocalStack;
using RealServers;
using Shouldly;
using Topology;
using Xunit;

namespace EndToEnd.Outages;

public sealed class BrokerOutageTests(ShopSystem system) : SystemTest(system)
{
    [Fact]
    public async Task An_order_is_accepted_while_the_broker_is_away_and_completes_when_it_is_back()
    {
        await Stack.Broker.KillAsync();

        var order = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        (await System.Ada.FindAsync(order.Id, Cancelled))!.Status.ShouldBe("Submitted");

        await Stack.Broker.StartAsync(Cancelled);
        await ReachesAsync(order.Id, "Completed");
    }

    [Fact]
    public async Task Under_load_a_broker_that_is_gone_for_half_a_minute_costs_no_order()
    {
        await using var load = Load.Start(System.Ada);
        await load.AcceptsAsync(10);

        await Stack.Broker.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(30), Cancelled); // the outage itself
        await load.AcceptsAsync(20);
        await Stack.Broker.StartAsync(Cancelled);

        await load.AcceptsAsync(10);
        await AllReachAsync(await load.StopAsync(), "Completed");
    }

    [Fact]
    public async Task Under_load_a_broker_that_restarts_costs_no_order()
    {
        await using var load = Load.Start(System.Ada);
        await load.AcceptsAsync(10);

        await Stack.Broker.RestartAsync(Cancelled);

        await load.AcceptsAsync(10);
        await AllReachAsync(await load.StopAsync(), "Completed");
    }

    [Fact]
    public async Task A_shovel_with_a_wrong_password_is_named_and_what_waits_for_it_arrives_once_it_is_right()
    {
        var options = Stack.TopologyOptions with { LinkTimeout = TimeSpan.FromSeconds(5) };
        var topology = BrokerTopology.From(options);
        var link = topology.Links.Single(link => link.Source == Routes.Orders && link.Destination == Routes.Payments);
        using var management = new ManagementApi(Stack.Broker.ManagementUri);
        await management.PutAsync(User.WithPassword(link.User, "somebody changed this"), Cancelled);
        // A live link goes on with the old password; after a restart it cannot sign in.
        await Stack.Broker.RestartAsync(Cancelled);

        var order = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        var said = await Should.ThrowAsync<TopologyException>(() => topology.WaitForLinksAsync(management, Cancelled));
        said.Message.ShouldContain($"{link} moves nothing");
        said.Message.ShouldContain("another password");
        await Eventually.TrueAsync(
            async () => await WaitingMessages.InAsync(Stack.Broker.Uri, link.SourceVirtualHost, link.Queue) > 0,
            "the command to authorize the payment waits in front of the link");

        await Stack.ApplyTopologyAsync(Stack.TopologyOptions, Cancelled);
        await ReachesAsync(order.Id, "Completed");
    }
}
