using System.Net;
using Contracts.Payments;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

public sealed class PaymentFlowTests(PaymentsSystem system) : IClassFixture<PaymentsSystem>
{
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task A_payment_is_authorized_and_captured_at_the_provider_and_in_the_ledger()
    {
        await system.Orders.AuthorizeAsync(_order);
        var authorized = await system.Orders.HearsAsync<PaymentAuthorized>(_order);
        await system.Orders.CaptureAsync(_order);
        var captured = await system.Orders.HearsAsync<PaymentCaptured>(_order);

        authorized.GetProperty("amount").GetProperty("amount").GetInt64().ShouldBe(2500);
        var log = await system.Provider.OperationsAsync(_order);
        log.Select(operation => operation.Kind).ShouldBe(["authorization", "capture"]);
        captured.GetProperty("captureId").GetString().ShouldBe(log[1].Id);
        (await system.StatusAsync(_order)).ShouldBe("Captured");
        (await system.LedgerAsync(_order)).ShouldBe("capture 2500");
    }

    [Fact]
    public async Task A_decline_tells_why_and_another_card_may_be_tried()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_decline_insufficient_funds");
        var declined = await system.Orders.HearsAsync<PaymentDeclined>(_order);
        await system.Orders.AuthorizeAsync(_order, "tok_approve", attempt: 2);
        await system.Orders.HearsAsync<PaymentAuthorized>(_order, attempt: 2);

        declined.GetProperty("reason").GetString().ShouldBe("insufficient_funds");
        (await system.ProviderLogAsync(_order)).ShouldBe("authorization:declined authorization");
    }

    [Fact]
    public async Task Fifty_duplicates_at_once_make_one_authorization_and_one_answer()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => system.Orders.AuthorizeAsync(_order)));
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        // Whatever is still to be handled of the fifty comes before this on the same queue.
        var last = Guid.NewGuid();
        await system.Orders.AuthorizeAsync(last);
        await system.Orders.HearsAsync<PaymentAuthorized>(last);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization");
        system.Orders.Heard(_order).ShouldBe(["payments:payment-authorized"]);
    }

    [Fact]
    public async Task A_message_delivered_twice_captures_once()
    {
        await system.Orders.AuthorizeAsync(_order);
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => system.Orders.CaptureAsync(_order)));
        await system.Orders.HearsAsync<PaymentCaptured>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization capture");
        (await system.LedgerAsync(_order)).ShouldBe("capture 2500");
    }

    [Fact]
    public async Task Customers_see_their_own_payments_operators_all_and_nobody_the_card()
    {
        await system.Orders.AuthorizeAsync(_order, customerId: "ada");
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        (await StatusCodeAsync("dev-ada")).ShouldBe(HttpStatusCode.OK);
        (await StatusCodeAsync("dev-operator")).ShouldBe(HttpStatusCode.OK);
        (await StatusCodeAsync("dev-grace")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusCodeAsync(key: null)).ShouldBe(HttpStatusCode.Unauthorized);
        (await system.PaymentAsync(_order)).GetRawText().ShouldNotContain("tok_approve");
    }

    [Fact]
    public async Task A_payment_whose_customer_nobody_has_named_is_shown_to_operators_alone()
    {
        await system.Orders.CaptureAsync(_order);
        await system.Orders.HearsAsync<PaymentFailed>(_order);

        (await StatusCodeAsync("dev-operator")).ShouldBe(HttpStatusCode.OK);
        (await StatusCodeAsync("dev-ada")).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task No_transaction_is_open_while_the_provider_is_called()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_slow_1900");
        await Eventually.TrueAsync(async () => (await system.Provider.OperationsAsync(_order)).Count > 0, "the provider is at work");
        var asked = (await system.Provider.OperationsAsync(_order))[0].At;

        // The outbox has transactions of its own at any time, but none that lasts until the provider's answer.
        IReadOnlyList<string> open;
        do
            open = await system.TransactionsOpenSinceAsync(asked);
        while (open.Count > 0 && DateTimeOffset.UtcNow < asked.AddMilliseconds(1500));

        open.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_that_gets_lost_on_the_way_is_asked_for_again()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_timeout");
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization");
    }

    [Fact]
    public async Task A_provider_with_bad_moments_is_asked_again()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_error_2");
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization:error authorization:error authorization");
    }

    [Fact]
    public async Task A_provider_that_only_errs_fails_the_payment_within_bounds()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_error");

        var failed = await system.Orders.HearsAsync<PaymentFailed>(_order, PaymentsSystem.ProviderTotalTimeout + TimeSpan.FromSeconds(30));

        failed.GetProperty("operation").GetString().ShouldBe("Authorization");
    }

    [Fact]
    public async Task After_a_provider_that_never_answered_the_new_card_is_charged_and_the_old_attempt_cancelled()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_hang");
        (await system.Orders.HearsAsync<PaymentFailed>(_order)).GetProperty("reason").GetString().ShouldBe("provider_timeout");

        await system.Orders.AuthorizeAsync(_order, "tok_approve", attempt: 2);
        await system.Orders.HearsAsync<PaymentAuthorized>(_order, attempt: 2);

        // Sent after all, the first attempt would be refused.
        (await CancelledKeysAsync()).ShouldContain($"authorize-{_order}-1");
        (await system.PaymentAsync(_order)).GetProperty("attempts")[0].GetProperty("state").GetString().ShouldBe("Cancelled");
    }

    [Fact]
    public async Task A_capture_that_failed_may_be_tried_again_and_is_made_once()
    {
        await system.Orders.AuthorizeAsync(_order, "tok_capture_error");
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);
        await system.Orders.CaptureAsync(_order);
        (await system.Orders.HearsAsync<PaymentFailed>(_order)).GetProperty("operation").GetString().ShouldBe("Capture");

        await system.Orders.CaptureAsync(_order, attempt: 2);
        await system.Orders.HearsAsync<PaymentFailed>(_order, attempt: 2);

        (await system.Provider.OperationsAsync(_order)).Where(operation => operation.Kind == "capture")
            .Select(operation => operation.IdempotencyKey).Distinct().ShouldHaveSingleItem();
    }

    private async Task<HttpStatusCode> StatusCodeAsync(string? key)
    {
        using var http = system.Service.Client(key);
        return (await http.GetAsync($"/payments/{_order}")).StatusCode;
    }

    // The cancellation of a key that made nothing belongs to no order that the provider knows.
    private async Task<string> CancelledKeysAsync() =>
        await system.Provider.Http.GetStringAsync("v1/operations?limit=1000");
}
