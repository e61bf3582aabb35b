using Contracts.Payments;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

/// <summary>
/// The service dies after the provider has done the work and before it knows. The cards whose answers are slow hold it at
/// exactly this step.
/// </summary>
public sealed class CrashTests(PaymentsSystem system) : IClassFixture<PaymentsSystem>
{
    // Shorter than the bound of one call, longer than it takes to notice and kill.
    private const string Slowly = "slow_1900";

    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task Killed_during_the_authorization_it_authorizes_once()
    {
        await system.Orders.AuthorizeAsync(_order, $"tok_{Slowly}");
        await KilledOnceTheProviderHasDoneAsync("authorization");

        await system.StartAsync();
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization");
        system.Orders.Heard(_order).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Killed_during_the_capture_it_captures_once()
    {
        await AuthorizedAsync($"tok_capture_{Slowly}");

        await system.Orders.CaptureAsync(_order);
        await KilledOnceTheProviderHasDoneAsync("capture");

        await system.StartAsync();
        await system.Orders.HearsAsync<PaymentCaptured>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization capture");
        (await system.LedgerAsync(_order)).ShouldBe("capture 2500");
    }

    [Fact]
    public async Task Killed_during_the_refund_it_refunds_once()
    {
        await AuthorizedAsync($"tok_refund_{Slowly}");
        await system.Orders.CaptureAsync(_order);
        await system.Orders.HearsAsync<PaymentCaptured>(_order);

        await system.Orders.ReverseAsync(_order);
        await KilledOnceTheProviderHasDoneAsync("refund");

        await system.StartAsync();
        (await system.Orders.HearsAsync<PaymentReversed>(_order)).GetProperty("outcome").GetString().ShouldBe("Refunded");

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization capture refund");
        (await system.LedgerAsync(_order)).ShouldBe("capture 2500 refund 2500");
    }

    [Fact]
    public async Task Killed_during_the_authorization_and_reversed_meanwhile_it_leaves_nothing_held()
    {
        await system.Orders.AuthorizeAsync(_order, $"tok_{Slowly}");
        await KilledOnceTheProviderHasDoneAsync("authorization");
        await system.Orders.ReverseAsync(_order);

        await system.StartAsync();
        await system.Orders.HearsAsync<PaymentReversed>(_order);

        (await system.Provider.OperationsAsync(_order)).Select(operation => operation.Kind).ShouldContain(kind => kind == "void" || kind == "cancellation");
    }

    [Fact]
    public async Task Killed_together_with_the_provider_it_goes_on_with_what_the_providers_log_says()
    {
        await system.Orders.AuthorizeAsync(_order, $"tok_{Slowly}");
        await KilledOnceTheProviderHasDoneAsync("authorization");
        await system.Provider.RestartAsync();

        await system.StartAsync();
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);

        (await system.ProviderLogAsync(_order)).ShouldBe("authorization");
    }

    private async Task AuthorizedAsync(string card)
    {
        await system.Orders.AuthorizeAsync(_order, card);
        await system.Orders.HearsAsync<PaymentAuthorized>(_order);
    }

    private async Task KilledOnceTheProviderHasDoneAsync(string kind)
    {
        await Eventually.TrueAsync(
            async () => (await system.Provider.OperationsAsync(_order)).Any(operation => operation.Kind == kind),
            $"the provider's log has the {kind}");
        await system.Service.KillAsync();
    }
}
