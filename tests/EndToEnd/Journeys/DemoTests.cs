using Contracts;
using EndToEnd.Systems;
using LocalStack;
using RealServers;
using Shouldly;
using Topology;
using Xunit;

namespace EndToEnd.Journeys;

/// <summary>The demo shortens the payment deadline: whatever becomes of it, the orders after it have their 15 minutes again.</summary>
public sealed class DemoTests(ShopSystem system) : SystemTest(system)
{
    private BrokerTopology Described => BrokerTopology.From(Stack.TopologyOptions);

    [Fact]
    public async Task Every_story_of_the_demo_ends_well_and_the_deadline_is_put_back()
    {
        await PlayAsync(Cancelled);

        (await DifferencesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_deadline_is_put_back_when_the_demo_is_interrupted()
    {
        using var interrupt = new CancellationTokenSource();
        var demo = PlayAsync(interrupt.Token);
        await Eventually.TrueAsync(async () => (await DifferencesAsync()).Count > 0, "the deadline is short");

        await interrupt.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(demo);
        (await DifferencesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_deadline_is_put_back_when_a_story_fails()
    {
        await Stack[Routes.Orders].StopAsync();

        await Should.ThrowAsync<HttpRequestException>(PlayAsync(Cancelled));

        (await DifferencesAsync()).ShouldBeEmpty();
    }

    private async Task PlayAsync(CancellationToken cancellationToken)
    {
        // Behind earlier orders' deadlines, the demo would leave the story of the deadline out.
        await WaitingMessages.DropAsync(Stack.Broker.Uri, "orders", Routes.PaymentDeadline.Queue);
        await DemoVerb.PlayAsync(new NativeRunningStack(StackState.Of(Stack)), cancellationToken);
    }

    private async Task<IReadOnlyList<Step>> DifferencesAsync()
    {
        using var management = new Topology.ManagementApi(Stack.Broker.ManagementUri);
        return await Described.DiffAsync(management, Cancelled);
    }
}
