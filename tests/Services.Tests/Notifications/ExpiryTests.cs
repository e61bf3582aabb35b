using System.Net.Http.Json;
using System.Text.Json;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Notifications;

public sealed class ExpiryTests : IAsyncLifetime
{
    private readonly Guid _order = Guid.NewGuid();
    private readonly NotificationsSystem _system = new(lifetime: TimeSpan.FromSeconds(2));

    public ValueTask InitializeAsync() => _system.InitializeAsync();

    public ValueTask DisposeAsync() => _system.DisposeAsync();

    [Fact]
    public async Task A_notification_that_waited_too_long_is_recorded_and_not_mailed()
    {
        await _system.Service.StopAsync();
        await _system.ConfirmAsync(_order);
        await Eventually.TrueAsync(async () => await _system.WaitingInAsync("notification-expired") == 1, "the notification has expired");

        await _system.StartAsync();
        await _system.ReachesAsync(_order, "Expired");

        (await _system.ListAsync(_order)).ShouldHaveSingleItem().GetProperty("body").GetString()!.ShouldContain("Total: 25.00 EUR");
        _system.Mail.About(_order).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_in_time_is_mailed_and_never_recorded_as_expired()
    {
        var orders = Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToList();
        foreach (var order in orders)
            await _system.ConfirmAsync(order);

        foreach (var order in orders)
            await _system.ReachesAsync(order, "Sent");
        foreach (var order in orders)
            (await DeadLettersAsync(order)).ShouldBe(0);
    }

    [Fact]
    public async Task What_came_because_it_could_not_be_delivered_is_a_dead_letter_and_not_recorded()
    {
        var death = new Dictionary<string, object?> { ["queue"] = "order-notifications", ["reason"] = "delivery_limit", ["count"] = 1L };

        await _system.SendConfirmationAsync(_order, "notification-expired", new Dictionary<string, object?> { ["x-death"] = new List<object?> { death } });

        await Eventually.EqualAsync(1, () => DeadLettersAsync(_order), "dead letters of the order");
        (await _system.ListAsync(_order)).ShouldBeEmpty();
    }

    private async Task<int> DeadLettersAsync(Guid order)
    {
        using var http = _system.Service.Client("dev-operator");
        var page = await http.GetFromJsonAsync<JsonElement>($"/notifications/dead-letters?orderId={order}");
        return page.GetProperty("items").GetArrayLength();
    }
}
