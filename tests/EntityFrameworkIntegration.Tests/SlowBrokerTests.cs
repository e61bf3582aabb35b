using EntityFrameworkIntegration.Tests.Crashes;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.Extensions.Logging;
using RealServers;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>A broker that is there, and takes longer to answer than RabbitMQ.Client waits unless told otherwise.</summary>
public class SlowBrokerTests : OutboxTest
{
    // Longer than the 20 seconds that MassTransit and RabbitMQ.Client grant a call to the broker.
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(24);

    [Fact]
    public async Task An_endpoint_consumes_again_after_a_broker_that_was_slow_to_set_it_up()
    {
        await using var proxy = TcpProxy.To(Broker.Host, Broker.Port);
        await using var host = await Through(proxy).Consumer<ShipPaidConsumer>().Log(LogLevel.Debug).StartAsync();
        await using var publisher = await NewHost().StartAsync();

        // Slow enough to be met between two of its calls.
        proxy.Delay = TimeSpan.FromMilliseconds(200);
        var declared = Declared(host);
        proxy.CutConnections();
        await Eventually.TrueAsync(() => Declared(host) > declared, "the endpoint is being set up again");
        proxy.Stall();
        await Task.Delay(Silence, TestContext.Current.CancellationToken); // the outage itself
        proxy.Restore();
        proxy.Delay = TimeSpan.Zero;

        await publisher.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        await Eventually.EqualAsync(1L, () => Count("orders"), "shipped orders", TimeSpan.FromSeconds(120));
    }

    static int Declared(TestHost host) => host.Logs.Lines.Count(x => x.Contains("Declare queue: name: ShipPaid", StringComparison.Ordinal));
}
