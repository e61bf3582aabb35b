using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts.Payments;
using RealServers;
using Shouldly;

namespace Services.Tests.Orders;

/// <summary>The order's life on the real broker and database; the test answers in Payments' place.</summary>
public sealed class OrderLifecycleTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    [Fact]
    public async Task An_order_is_authorized_confirmed_captured_and_complete()
    {
        var id = await orders.PlaceAsync();

        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.AuthorizedAsync(id);
        await orders.Payments.AskedToAsync("capture-payment", id);
        await orders.Payments.CapturedAsync(id);

        await orders.ReachesAsync(id, "Completed");
        (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment Confirmed Completed");
        var order = await orders.Ada.GetFromJsonAsync<JsonElement>($"/orders/{id}");
        order.GetProperty("version").GetInt32().ShouldBe(4);
        order.GetProperty("total").GetProperty("amount").GetInt64().ShouldBe(2500);
        order.GetProperty("lines")[0].GetProperty("unitPrice").GetInt64().ShouldBe(1250);
        order.GetProperty("payment").GetProperty("capturedAt").GetDateTimeOffset().ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddMinutes(-5));
    }

    [Fact]
    public async Task A_declined_payment_can_be_retried_with_another_payment_method()
    {
        var id = await orders.PlaceAsync("tok_insufficient_funds");
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.DeclinedAsync(id);
        await orders.ReachesAsync(id, "AwaitingNewPayment");

        using var again = await orders.Ada.PostAsJsonAsync($"/orders/{id}/payment", new { paymentMethod = "tok_other" });
        again.StatusCode.ShouldBe(HttpStatusCode.Accepted);

        await orders.Payments.AskedToAsync("authorize-payment", id, attempt: 2);
        await orders.Payments.AuthorizedAsync(id, attempt: 2);
        await orders.ReachesAsync(id, "Confirmed");
    }

    [Fact]
    public async Task A_completed_order_is_refunded_when_it_is_cancelled()
    {
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.AuthorizedAsync(id);
        await orders.Payments.AskedToAsync("capture-payment", id);
        await orders.Payments.CapturedAsync(id);
        await orders.ReachesAsync(id, "Completed");

        using var cancel = await orders.Ada.PostAsync($"/orders/{id}/cancel", content: null);
        cancel.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await orders.Payments.AskedToAsync("reverse-payment", id);
        await orders.Payments.ReversedAsync(id, ReversalOutcome.Refunded);
        await orders.ReachesAsync(id, "Refunded");

        using var again = await orders.Ada.PostAsync($"/orders/{id}/cancel", content: null);
        again.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await again.Content.ReadAsStringAsync()).ShouldContain("Refunded");
    }

    [Fact]
    public async Task A_failed_capture_needs_attention_until_an_operator_resumes_it()
    {
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.AuthorizedAsync(id);
        await orders.Payments.AskedToAsync("capture-payment", id);
        await orders.Payments.FailedAsync(id, PaymentOperation.Capture);
        await orders.ReachesAsync(id, "NeedsAttention");

        using var resume = await orders.Operator.PostAsync($"/orders/{id}/resume", content: null);
        resume.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await orders.Payments.AskedToAsync("capture-payment", id, attempt: 2);
        await orders.Payments.CapturedAsync(id);

        await orders.ReachesAsync(id, "Completed");
    }

    [Fact]
    public async Task A_payment_that_comes_after_the_end_is_given_back()
    {
        var id = await CancelledAsync();

        await orders.Payments.AuthorizedAsync(id);

        await orders.Payments.AskedToAsync("reverse-payment", id, attempt: 2);
        (await orders.StatusAsync(id)).ShouldBe("Cancelled");
    }

    [Fact]
    public async Task The_same_message_delivered_three_times_happens_once()
    {
        var id = await CancelledAsync();
        var late = new PaymentAuthorized
        {
            OrderId = id,
            Attempt = 1,
            Amount = new(2500, "EUR"),
            AuthorizationId = "auth-1",
            AuthorizedAt = DateTimeOffset.UtcNow,
        };
        var messageId = Guid.NewGuid();

        // The table alone would answer each of them: only the inbox can tell that they are one.
        for (var delivery = 0; delivery < 3; delivery++)
            await orders.Payments.PublishAsync(late, messageId);
        await orders.Payments.PublishAsync(new PaymentCaptured
        {
            OrderId = id,
            Amount = new(2500, "EUR"),
            CaptureId = "cap-1",
            CapturedAt = DateTimeOffset.UtcNow,
        });

        await Eventually.EqualAsync(
            "Submitted AwaitingPayment Cancelling Cancelled Cancelled Cancelled", () => orders.TimelineAsync(id), $"the timeline of order {id}");
        await orders.Payments.AskedToAsync("reverse-payment", id, attempt: 3);
        orders.Payments.TimesAsked("reverse-payment", id, attempt: 4).ShouldBe(0);
    }

    [Fact]
    public async Task Fifty_orders_at_once_all_complete_with_gapless_versions()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => orders.PlaceAsync()));

        await Task.WhenAll(ids.Select(async id =>
        {
            await orders.Payments.AskedToAsync("authorize-payment", id);
            await orders.Payments.AuthorizedAsync(id);
            await orders.Payments.AskedToAsync("capture-payment", id);
            await orders.Payments.CapturedAsync(id);
            await orders.ReachesAsync(id, "Completed");
        }));

        foreach (var id in ids)
            (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment Confirmed Completed");
    }

    [Fact]
    public async Task Log_lines_carry_the_order_and_the_trace_of_the_request_that_placed_it()
    {
        var traceId = Guid.NewGuid().ToString("N");
        using var caller = orders.Service.Client("dev-ada");
        caller.DefaultRequestHeaders.Add("traceparent", $"00-{traceId}-b7ad6b7169203331-01");
        using var response = await OrdersSystem.PostAsync(caller, OrdersSystem.Body(), Guid.NewGuid().ToString());
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

        await Eventually.TrueAsync(
            () => orders.Service.Log.Split('\n').Any(line => line.Contains(id) && line.Contains(traceId) && line.Contains("AwaitingPayment")),
            $"a log line about order {id} and its new state in trace {traceId}");
    }

    private async Task<Guid> CancelledAsync()
    {
        var id = await orders.PlaceAsync();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        (await orders.Ada.PostAsync($"/orders/{id}/cancel", content: null)).EnsureSuccessStatusCode();
        await orders.Payments.AskedToAsync("reverse-payment", id);
        await orders.Payments.ReversedAsync(id, ReversalOutcome.NothingHeld);
        await orders.ReachesAsync(id, "Cancelled");
        return id;
    }
}
