using System.Net.Http.Json;
using System.Text.Json;
using Contracts.Payments;
using Shouldly;

namespace Services.Tests.Orders;

/// <summary>The deadline is a message that expires in a wait queue: no timer, and nothing to lose in a restart.</summary>
public sealed class PaymentDeadlineTests(PaymentDeadlineTests.ShortDeadline orders) : IClassFixture<PaymentDeadlineTests.ShortDeadline>
{
    [Fact]
    public async Task An_order_that_is_not_paid_by_the_deadline_is_cancelled()
    {
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.DeclinedAsync(id);

        await orders.Payments.AskedToAsync("reverse-payment", id);
        await orders.Payments.ReversedAsync(id, ReversalOutcome.NothingHeld);

        await orders.ReachesAsync(id, "Cancelled");
        (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment AwaitingNewPayment Cancelling Cancelled");
        var order = await orders.Ada.GetFromJsonAsync<JsonElement>($"/orders/{id}");
        order.GetProperty("reason").GetString().ShouldBe("Not paid in time");
        order.GetProperty("payment").GetProperty("reversal").GetString().ShouldBe("NothingHeld");
    }

    [Fact]
    public async Task The_deadline_passes_while_the_service_is_down_and_is_met_when_it_is_back()
    {
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Service.KillAsync();
        await orders.LaunchAsync();

        await orders.Payments.AskedToAsync("reverse-payment", id);
    }

    public sealed class ShortDeadline : OrdersSystem
    {
        protected override TimeSpan PaymentDeadline => TimeSpan.FromSeconds(8);
    }
}
