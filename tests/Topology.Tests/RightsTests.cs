using Contracts;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>What must be refused.</summary>
public sealed class RightsTests(TestSystem system) : IClassFixture<TestSystem>
{
    private const ushort AccessRefused = 403;

    [Fact]
    public async Task A_service_cannot_enter_another_services_virtual_host()
    {
        var orders = system.Topology.AddressOf(Routes.Orders);
        var payments = new UriBuilder(orders)
        {
            UserName = system.VirtualHostOf(Routes.Payments),
            Password = system.Options.PasswordOf(Routes.Payments),
        }.Uri;

        // Neither reading an orders queue nor declaring anything there: payments does not get in.
        var refusal = await Should.ThrowAsync<OperationInterruptedException>(() => system.ConnectAsync(payments));
        refusal.Message.ShouldContain("refused for user");
    }

    [Fact]
    public async Task A_service_cannot_read_a_queue_on_its_way_to_another() =>
        await RefusedAsync(Routes.Orders, channel => channel.BasicGetAsync("to-payments", autoAck: true));

    [Fact]
    public async Task A_service_cannot_purge_or_delete_a_queue_on_its_way_to_another()
    {
        await RefusedAsync(Routes.Orders, channel => channel.QueuePurgeAsync("to-payments"));
        await RefusedAsync(Routes.Orders, channel => channel.QueueDeleteAsync("to-payments"));
    }

    [Fact]
    public async Task A_service_cannot_write_past_the_exchanges_to_a_queue() =>
        await RefusedAsync(Routes.Orders, async channel => await channel.PublishAsync("", "smuggled", routingKey: "to-payments"));

    [Fact]
    public async Task A_service_cannot_bind_an_exchange_of_its_own_to_a_link() =>
        await RefusedAsync(Routes.Orders, async channel =>
        {
            await channel.ExchangeDeclareAsync("of-its-own", ExchangeType.Fanout, durable: true);
            await channel.QueueBindAsync("to-payments", "of-its-own", "");
        });

    [Fact]
    public async Task A_service_can_use_its_own_virtual_host_as_MassTransit_does()
    {
        var orders = await system.ConnectAsync(Routes.Orders);
        await orders.ExchangeDeclareAsync("orders:order-submitted", ExchangeType.Fanout, durable: true);
        await orders.ExchangeDeclareAsync("order-lifecycle", ExchangeType.Fanout, durable: true);
        await orders.QueueDeclareAsync(
            "order-lifecycle",
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await orders.ExchangeBindAsync("order-lifecycle", "orders:order-submitted", "");
        await orders.QueueBindAsync("order-lifecycle", "order-lifecycle", "");

        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_user_can_do_nothing_but_carry()
    {
        var link = system.Topology.Links.Single(link => link.Shovel == "orders-to-payments");
        var user = system.Topology.Definitions.Users.Single(user => user.Name == link.User);
        var source = Address(link.SourceVirtualHost, user);
        var destination = Address(link.DestinationVirtualHost, user);

        await RefusedAsync(source, channel => channel.BasicGetAsync("order-lifecycle", autoAck: true));
        await RefusedAsync(source, async channel => await channel.PublishAsync("orders:order-submitted", "forged"));
        await RefusedAsync(destination, channel => channel.BasicGetAsync("authorize-payment", autoAck: true));
        await RefusedAsync(destination, async channel => await channel.PublishAsync("payments:payment-captured", "forged"));
        await RefusedAsync(destination, channel => channel.QueueDeclareAsync("its-own"));
    }

    [Fact]
    public async Task A_service_user_cannot_use_the_management_api()
    {
        using var broker = new ManagementApi(new UriBuilder("http", system.Broker.Address.Host, system.Broker.Address.Port)
        {
            UserName = system.VirtualHostOf(Routes.Orders),
            Password = system.Options.PasswordOf(Routes.Orders),
        }.Uri);

        (await Should.ThrowAsync<TopologyException>(() => broker.ReadAsync([]))).Message.ShouldContain("401");
    }

    [Fact]
    public async Task A_right_that_somebody_gave_a_service_elsewhere_is_found()
    {
        await using var own = await TestSystem.ApplyAsync();
        await own.Broker.PutAsync(new Permission(own.VirtualHostOf(Routes.Payments), own.VirtualHostOf(Routes.Orders), "^$", "^$", ".*"));

        var steps = await own.Topology.ApplyAsync(own.Broker);

        steps.Select(step => step.ToString())
            .ShouldBe([$"- rights of {own.VirtualHostOf(Routes.Payments)} in {own.VirtualHostOf(Routes.Orders)}"]);
    }

    private static Uri AddressOf(Uri broker, string virtualHost, User user) =>
        new UriBuilder(broker) { UserName = Uri.EscapeDataString(user.Name), Password = user.Password!, Path = virtualHost }.Uri;

    private Uri Address(string virtualHost, User user) => AddressOf(system.Options.Broker, virtualHost, user);

    private Task RefusedAsync(Service service, Func<IChannel, Task> action) => RefusedAsync(system.Topology.AddressOf(service), action);

    private async Task RefusedAsync(Uri address, Func<IChannel, Task> action)
    {
        var channel = await system.ConnectAsync(address);
        var refusal = await Should.ThrowAsync<Exception>(() => action(channel));
        (channel.CloseReason?.ReplyCode).ShouldBe(AccessRefused, refusal.Message);
    }
}
