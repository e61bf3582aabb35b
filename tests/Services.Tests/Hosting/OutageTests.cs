using System.Net;
using RealServers;
using Services.Tests.Orders;
using Shouldly;

namespace Services.Tests.Hosting;

/// <summary>What a running service does while its database or its broker is away.</summary>
public sealed class OutageTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    [Fact]
    public async Task While_the_database_is_away_callers_get_503_and_afterwards_all_goes_on()
    {
        orders.Payments.GrantsEverything = false;
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        orders.DatabaseNetwork.Cut();

        using (var read = await orders.Ada.GetAsync($"/orders/{id}"))
            ShouldBeUnavailable(read);
        using (var place = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), "outage"))
            ShouldBeUnavailable(place);
        (await orders.Ada.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await orders.Ada.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await orders.Payments.AuthorizedAsync(id);

        orders.DatabaseNetwork.Restore();
        await orders.Payments.AskedToAsync("capture-payment", id);
        await orders.Payments.CapturedAsync(id);
        await orders.ReachesAsync(id, "Completed");
        (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment Confirmed Completed");
    }

    [Fact]
    public async Task While_the_broker_is_away_orders_are_taken_and_afterwards_they_complete()
    {
        orders.BrokerNetwork.Cut();
        orders.Payments.GrantsEverything = true;

        var ids = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => orders.PlaceAsync()));

        // Degraded, and still ready: a load balancer that turned away from every replica would make an outage of it.
        await Eventually.TrueAsync(async () =>
        {
            using var ready = await orders.Ada.GetAsync("/health/ready");
            ready.StatusCode.ShouldBe(HttpStatusCode.OK);
            return (await ready.Content.ReadAsStringAsync()).Contains("Degraded Endpoints");
        }, "the service notices that the broker is away");

        orders.BrokerNetwork.Restore();
        foreach (var id in ids)
            await orders.ReachesAsync(id, "Completed");
    }

    private static void ShouldBeUnavailable(HttpResponseMessage response)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }
}
