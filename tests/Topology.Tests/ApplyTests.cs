using Contracts;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class ApplyTests
{
    [Fact]
    public async Task Applied_twice_it_changes_nothing_and_diff_is_clean()
    {
        await using var system = await TestSystem.NameAsync();
        (await system.Topology.DiffAsync(system.Broker)).ShouldNotBeEmpty();

        (await system.Topology.ApplyAsync(system.Broker)).ShouldNotBeEmpty();

        (await system.Topology.ApplyAsync(system.Broker)).ShouldBeEmpty();
        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_setting_is_a_line_of_diff_and_is_applied()
    {
        await using var system = await TestSystem.ApplyAsync();
        system.Use(system.Options with { LinkLengthLimit = 5000 });

        var lines = (await system.Topology.DiffAsync(system.Broker)).Select(step => step.ToString()).ToList();

        lines.ShouldBe(
            system.Topology.Links.Select(link => $"~ policy {link.SourceVirtualHost}/{link.Queue}: max-length 1000000 becomes 5000"),
            ignoreOrder: true);
        await system.Topology.ApplyAsync(system.Broker);
        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task No_password_shows_in_a_line_of_diff()
    {
        await using var system = await TestSystem.ApplyAsync();
        var secret = system.Topology.Definitions.Users.Select(user => user.Password!).ToList();
        system.Use(system.Options with
        {
            LinkSecret = "another",
            Broker = new UriBuilder(system.Options.Broker) { Host = "broker.example" }.Uri,
        });
        secret.AddRange(system.Topology.Definitions.Users.Select(user => user.Password!));

        var lines = await system.Topology.DiffAsync(system.Broker);

        lines.ShouldContain(step => step.ToString().Contains("becomes amqp://broker.example:", StringComparison.Ordinal));
        foreach (var line in lines)
            secret.ShouldNotContain(password => line.ToString().Contains(password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_somebody_took_away_or_changed_is_put_right()
    {
        await using var system = await TestSystem.ApplyAsync();
        var definitions = system.Topology.Definitions;
        var orders = system.VirtualHostOf(Routes.Orders);
        await system.Broker.DeleteAsync(Binding.ToExchange(orders, "payments:payment-authorized", "order-lifecycle"));
        await system.Broker.DeleteAsync(definitions.Policies.First(policy => policy.Name == "to-payments"));
        await system.Broker.PutAsync(definitions.Permissions.First(rights => rights.User == orders) with { Read = ".*" });
        await system.Broker.PutAsync(new Policy(orders, "stray", "^stray$", "queues", CanonicalJson.Of(("max-length", 1))));

        (await system.Topology.DiffAsync(system.Broker)).Select(step => step.ToString()).ShouldBe(
        [
            $"+ policy {orders}/to-payments",
            $"+ binding {orders}/payments:payment-authorized -> exchange order-lifecycle",
            $"~ rights of {orders} in {orders}: read .* becomes ^(?!to-).*",
            $"- policy {orders}/stray",
        ]);
        await system.Topology.ApplyAsync(system.Broker);
        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_service_or_a_developer_declares_besides_is_left_alone()
    {
        await using var system = await TestSystem.ApplyAsync();
        var channel = await system.ConnectAsync(Routes.Orders);
        await channel.QueueDeclareAsync("listening-in", durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync("listening-in", "orders:order-submitted", "");

        (await system.Topology.DiffAsync(system.Broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_queue_in_the_wrong_form_is_named_and_nothing_is_touched()
    {
        await using var system = await TestSystem.NameAsync();
        var orders = system.VirtualHostOf(Routes.Orders);
        await system.Broker.PutAsync(new VirtualHost(orders));
        await system.Broker.PutAsync(Queue.Quorum(orders, "order-lifecycle") with { Arguments = CanonicalJson.Of(("x-queue-type", "classic")) });

        var refusal = await Should.ThrowAsync<TopologyException>(() => system.Topology.ApplyAsync(system.Broker));

        refusal.Message.ShouldContain($"queue {orders}/order-lifecycle exists in another form");
        refusal.Message.ShouldContain("x-queue-type classic becomes quorum");
        (await system.Broker.ReadAsync([orders])).Exchanges.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_printed_definitions_are_what_apply_would_make()
    {
        await using var system = await TestSystem.NameAsync();
        await system.Broker.ImportAsync(system.Topology.Definitions.ToJson());

        // The importer has no rights in the virtual hosts yet; that is all, once the shovels have found their queues.
        await Eventually.TrueAsync(
            async () => (await system.Topology.DiffAsync(system.Broker)).All(step => step.ToString().StartsWith("+ rights of ", StringComparison.Ordinal)),
            "the import leaves nothing to apply but the administrator's own rights");
        await system.Topology.ApplyAsync(system.Broker);
    }

    [Fact]
    public async Task Removed_nothing_is_left()
    {
        await using var system = await TestSystem.ApplyAsync();

        await system.Topology.RemoveAsync(system.Broker);

        var left = await system.Broker.ReadAsync([.. system.Topology.Definitions.Vhosts.Select(vhost => vhost.Name)]);
        left.Vhosts.ShouldBeEmpty();
        left.Users.ShouldNotContain(user => user.Name.StartsWith(system.Options.Prefix, StringComparison.Ordinal));
    }
}
