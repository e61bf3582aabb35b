using System.Net.Http.Json;
using System.Text.Json;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Notifications;

public sealed class ExpiringNotificationsSystem : NotificationsSystem
{
    protected override TimeSpan Lifetime => TimeSpan.FromSeconds(4);
}

public sealed class ExpiryTests(ExpiringNotificationsSystem system) : IClassFixture<ExpiringNotificationsSystem>
{
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task A_notification_that_waited_too_long_is_recorded_and_not_mailed()
    {
        await system.Service.StopAsync();
        await system.ConfirmAsync(_order);
        await Eventually.TrueAsync(async () => await system.WaitingInAsync("notification-expired") == 1, "the notification has expired");

        await system.StartAsync();
        await system.ReachesAsync(_order, "Expired");

        (await system.ListAsync(_order)).ShouldHaveSingleItem().GetProperty("body").GetString()!.ShouldContain("Total: 25.00 EUR");
        system.Mail.About(_order).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_in_time_is_mailed_and_never_recorded_as_expired()
    {
        var orders = Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToList();
        foreach (var order in orders)
            await system.ConfirmAsync(order);

        foreach (var order in orders)
            await system.ReachesAsync(order, "Sent");
        foreach (var order in orders)
            (await DeadLettersAsync(order)).ShouldBe(0);
    }

    [Fact]
    public async Task What_came_because_it_could_not_be_delivered_is_a_dead_letter_and_not_recorded()
    {
        var death = new Dictionary<string, object?> { ["queue"] = "order-notifications", ["reason"] = "delivery_limit", ["count"] = 1L };

        await system.SendConfirmationAsync(_order, "notification-expired", new Dictionary<string, object?> { ["x-death"] = new List<object?> { death } });

        await Eventually.EqualAsync(1, () => DeadLettersAsync(_order), "dead letters of the order");
        (await system.ListAsync(_order)).ShouldBeEmpty();
    }

    private async Task<int> DeadLettersAsync(Guid order)
    {
        using var http = system.Service.Client("dev-operator");
        var page = await http.GetFromJsonAsync<JsonElement>($"/notifications/dead-letters?orderId={order}");
        return page.GetProperty("items").GetArrayLength();
    }
}
