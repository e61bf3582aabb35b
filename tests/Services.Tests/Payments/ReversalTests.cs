using Contracts.Payments;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

public sealed class ReversalTests(PaymentsSystem system) : IClassFixture<PaymentsSystem>
{
    private const int Races = 20;

    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task Where_nothing_is_held_a_tombstone_refuses_the_authorization_that_comes_later()
    {
        await system.Orders.ReverseAsync(_order);
        (await ReversedAsync(_order)).ShouldBe("NothingHeld");

        await system.Orders.AuthorizeAsync(_order);

        (await system.Orders.HearsAsync<PaymentFailed>(_order)).GetProperty("reason").GetString().ShouldBe("payment_reversed");
        (await system.ProviderLogAsync(_order)).ShouldBe("");
    }

    [Fact]
    public async Task An_authorization_is_voided()
    {
        await AuthorizedAsync(_order);

        await system.Orders.ReverseAsync(_order);

        (await ReversedAsync(_order)).ShouldBe("Voided");
        (await system.ProviderLogAsync(_order)).ShouldBe("authorization void");
        (await system.StatusAsync(_order)).ShouldBe("Voided");
    }

    [Theory]
    [InlineData("tok_approve")]
    [InlineData("tok_refund_timeout")]
    [InlineData("tok_refund_error_2")]
    public async Task A_capture_is_refunded_once_and_the_ledger_is_even_again(string card)
    {
        await CapturedAsync(_order, card);

        await Task.WhenAll(system.Orders.ReverseAsync(_order), system.Orders.ReverseAsync(_order), system.Orders.ReverseAsync(_order, attempt: 2));

        (await ReversedAsync(_order)).ShouldBe("Refunded");
        (await SucceededAsync(_order)).ShouldBe(["authorization", "capture", "refund"]);
        (await system.LedgerAsync(_order)).ShouldBe("capture 2500 refund 2500");
    }

    [Fact]
    public async Task A_reversal_that_the_provider_does_not_carry_out_fails_and_may_be_tried_again()
    {
        await AuthorizedAsync(_order);
        system.ProviderNetwork.Cut();
        try
        {
            await system.Orders.ReverseAsync(_order);
            (await system.Orders.HearsAsync<PaymentFailed>(_order)).GetProperty("operation").GetString().ShouldBe("Reversal");
        }
        finally
        {
            system.ProviderNetwork.Restore();
        }

        await system.Orders.ReverseAsync(_order, attempt: 2);

        (await ReversedAsync(_order)).ShouldBe("Voided");
    }

    [Fact]
    public async Task A_reversal_that_races_with_the_authorization_leaves_nothing_held()
    {
        var orders = Orders();
        await Task.WhenAll(orders.SelectMany((order, i) => new[]
        {
            system.Orders.AuthorizeAsync(order, $"tok_slow_{10 + (30 * i)}"),
            system.Orders.ReverseAsync(order),
        }));

        foreach (var order in orders)
        {
            (await ReversedAsync(order)).ShouldBeOneOf("NothingHeld", "Voided");
            await NothingIsHeldAsync(order);
        }
    }

    [Fact]
    public async Task A_reversal_that_races_with_the_capture_leaves_nothing_held_and_the_ledger_even()
    {
        var orders = Orders();
        await Task.WhenAll(orders.Select((order, i) => AuthorizedAsync(order, $"tok_capture_slow_{10 + (30 * i)}")));
        await Task.WhenAll(orders.SelectMany(order => new[] { system.Orders.CaptureAsync(order), system.Orders.ReverseAsync(order) }));

        foreach (var order in orders)
        {
            (await ReversedAsync(order)).ShouldBeOneOf("Voided", "Refunded");
            await NothingIsHeldAsync(order);
        }

        await system.LedgerAgreesAsync();
    }

    /// <summary>By the provider's own word.</summary>
    private async Task NothingIsHeldAsync(Guid order)
    {
        var done = await SucceededAsync(order);
        done.Count(kind => kind == "authorization").ShouldBeLessThanOrEqualTo(1);
        done.Count(kind => kind == "capture").ShouldBe(done.Count(kind => kind == "refund"), await system.ProviderLogAsync(order));
        if (done.Contains("authorization") && !done.Contains("capture"))
            (done.Contains("void") || done.Contains("cancellation")).ShouldBeTrue(await system.ProviderLogAsync(order));
        var ledger = await system.LedgerAsync(order);
        ledger.ShouldBe(done.Contains("capture") ? "capture 2500 refund 2500" : "");
    }

    private static Guid[] Orders() => [.. Enumerable.Range(0, Races).Select(_ => Guid.NewGuid())];

    private async Task<List<string>> SucceededAsync(Guid order) =>
        [.. (await system.Provider.OperationsAsync(order)).Where(operation => operation is { Outcome: "succeeded", Id: not null }).Select(operation => operation.Kind)];

    private async Task<string> ReversedAsync(Guid order) =>
        (await system.Orders.HearsAsync<PaymentReversed>(order)).GetProperty("outcome").GetString()!;

    private async Task AuthorizedAsync(Guid order, string card = "tok_approve")
    {
        await system.Orders.AuthorizeAsync(order, card);
        await system.Orders.HearsAsync<PaymentAuthorized>(order);
    }

    private async Task CapturedAsync(Guid order, string card = "tok_approve")
    {
        await AuthorizedAsync(order, card);
        await system.Orders.CaptureAsync(order);
        await system.Orders.HearsAsync<PaymentCaptured>(order);
    }
}
