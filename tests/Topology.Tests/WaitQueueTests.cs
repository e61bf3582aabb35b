using System.Diagnostics;
using System.Text;
using Contracts;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class WaitQueueTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_deadline_arrives_as_an_event_when_its_time_is_over_and_not_before()
    {
        await using var system = await SystemWithAsync("payment-deadline");
        var orders = await system.ConnectAsync(Routes.Orders);
        var clock = Stopwatch.StartNew();

        await orders.PublishAsync("payment-deadline", "deadline");

        (await orders.TakeAsync("order-lifecycle")).Text().ShouldBe("deadline");
        clock.Elapsed.ShouldBeGreaterThan(Delay * 0.95);
    }

    [Fact]
    public async Task A_retry_comes_back_to_the_endpoint_it_left_and_to_no_other()
    {
        await using var system = await SystemWithAsync("retry-5s");
        var payments = await system.ConnectAsync(Routes.Payments);
        var clock = Stopwatch.StartNew();

        await payments.PublishAsync("retry-5s", "again", routingKey: "capture-payment");

        (await payments.TakeAsync("capture-payment")).Text().ShouldBe("again");
        clock.Elapsed.ShouldBeGreaterThan(Delay * 0.95);
        (await payments.MessageCountAsync("authorize-payment")).ShouldBe(0u);
    }

    [Fact]
    public async Task Every_virtual_host_has_every_retry_queue()
    {
        await using var system = await TestSystem.NameAsync();
        foreach (var service in Routes.Services)
            foreach (var retry in Routes.RetryQueues)
                system.Topology.Definitions.Queues.ShouldContain(Queue.Quorum(system.VirtualHostOf(service), retry.Queue));
    }

    [Fact]
    public async Task Retries_whose_endpoint_is_gone_are_dead_letters_and_hold_up_nobody()
    {
        await using var system = await SystemWithAsync("retry-5s");
        var payments = await system.ConnectAsync(Routes.Payments);

        for (var i = 0; i < 100; i++)
            await payments.PublishAsync("retry-5s", "homeless", routingKey: "no-such-endpoint");
        await payments.PublishAsync("retry-5s", "at home", routingKey: "capture-payment");

        (await payments.TakeAsync("capture-payment")).Text().ShouldBe("at home");
        await Eventually.EqualAsync(100u, () => payments.MessageCountAsync(Names.DeadLetters), "homeless messages");
    }

    [Fact]
    public async Task A_stale_notification_expires_into_an_endpoint_of_its_own()
    {
        await using var system = await SystemWithAsync("order-notifications");
        var orders = await system.ConnectAsync(Routes.Orders);
        var notifications = await system.ConnectAsync(Routes.Notifications);

        await orders.PublishAsync("orders:order-confirmed", "too late");

        var expired = await notifications.TakeAsync("notification-expired");
        expired.Text().ShouldBe("too late");
        Encoding.UTF8.GetString((byte[])expired.BasicProperties.Headers!["x-first-death-reason"]!).ShouldBe("expired");
    }

    [Fact]
    public async Task A_changed_delay_applies_to_what_is_sent_afterwards()
    {
        await using var system = await TestSystem.ApplyAsync(options => options with
        {
            Ttls = new Dictionary<string, TimeSpan> { ["retry-5s"] = TimeSpan.FromMinutes(10) },
        });
        system.Use(system.Options with { Ttls = new Dictionary<string, TimeSpan> { ["retry-5s"] = Delay } });

        var steps = await system.Topology.ApplyAsync(system.Broker);

        steps.Select(step => step.ToString()).ShouldBe(
            Routes.Services.Select(service => $"~ policy {system.VirtualHostOf(service)}/retry-5s: message-ttl 600000 becomes 1000"),
            ignoreOrder: true);
        var payments = await system.ConnectAsync(Routes.Payments);
        await payments.PublishAsync("retry-5s", "sent afterwards", routingKey: "capture-payment");
        (await payments.TakeAsync("capture-payment")).Text().ShouldBe("sent afterwards");
    }

    private static Task<TestSystem> SystemWithAsync(string shortened) => TestSystem.ApplyAsync(options => options with
    {
        Ttls = new Dictionary<string, TimeSpan> { [shortened] = Delay },
    });
}
