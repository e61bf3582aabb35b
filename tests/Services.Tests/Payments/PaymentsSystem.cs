using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using RealServers;
using Services.Tests.Hosting;
using Services.Tests.Simulator;
using Shouldly;

namespace Services.Tests.Payments;

/// <summary>The Payments service, with the provider's process behind a network that can fail. Orders is played by the test.</summary>
public sealed class PaymentsSystem() : ServiceSystem(Routes.Payments, Project)
{
    public const string Project = "services/Payments";

    /// <summary>No operation takes longer before it is given up.</summary>
    public static readonly TimeSpan ProviderTotalTimeout = TimeSpan.FromSeconds(8);

    public PlayedOrders Orders { get; private set; } = null!;

    public SimulatorProcess Provider { get; private set; } = null!;

    /// <summary>The way from the service to the provider.</summary>
    public TcpProxy ProviderNetwork { get; private set; } = null!;

    protected override IReadOnlyDictionary<string, string?> OwnSettings => new Dictionary<string, string?>
    {
        ["Provider__BaseAddress"] = $"http://127.0.0.1:{ProviderNetwork.Port}",
        ["Provider__ApiKey"] = SimulatorProcess.ApiKey,
        ["Provider__AttemptTimeout"] = "00:00:02",
        ["Provider__TotalTimeout"] = ProviderTotalTimeout.ToString("c", CultureInfo.InvariantCulture),
        ["Provider__FirstDelay"] = "00:00:00.050",
        // The tests of one class fail many calls on purpose; the breaker has tests of its own.
        ["Provider__BreakerMinimumCalls"] = "1000",
    };

    protected override async Task OpenSurroundingsAsync()
    {
        Provider = Opened(await SimulatorProcess.StartAsync());
        ProviderNetwork = Opened(TcpProxy.To(Provider.BaseAddress.Host, Provider.BaseAddress.Port));
        Orders = Opened(await PlayedOrders.ConnectAsync(AddressOf(Routes.Orders)));
    }

    /// <summary>The payment as the service shows it to operators.</summary>
    public async Task<JsonElement> PaymentAsync(Guid orderId)
    {
        using var http = Service.Client("dev-operator");
        return await http.GetFromJsonAsync<JsonElement>($"/payments/{orderId}");
    }

    public async Task<string> StatusAsync(Guid orderId) => (await PaymentAsync(orderId)).GetProperty("status").GetString()!;

    /// <summary>The provider's log of an order, one word each: <c>authorization capture refund</c>; what did not succeed says how it ended.</summary>
    public async Task<string> ProviderLogAsync(Guid orderId) => string.Join(
        ' ',
        (await Provider.OperationsAsync(orderId)).Select(operation =>
            operation.Outcome == "succeeded" ? operation.Kind : $"{operation.Kind}:{operation.Outcome}"));

    /// <summary>The ledger of an order as <c>capture 2500 refund 2500</c>.</summary>
    public async Task<string> LedgerAsync(Guid orderId) => string.Join(
        ' ',
        (await PaymentAsync(orderId)).GetProperty("ledger").EnumerateArray().Select(entry =>
            $"{entry.GetProperty("kind").GetString()!.ToLowerInvariant()} {entry.GetProperty("amount").GetProperty("amount").GetInt64()}"));

    /// <summary>The ledger sums to zero, and the provider owes exactly what is captured and not refunded.</summary>
    public async Task LedgerAgreesAsync()
    {
        (await QueryAsync<long>("SELECT coalesce(sum(balance), 0)::bigint FROM ledger_balances")).ShouldBe(0);
        (await QueryAsync<long>("SELECT coalesce(sum(balance), 0)::bigint FROM ledger_balances WHERE account = 'ProviderReceivable'"))
            .ShouldBe(await QueryAsync<long>("SELECT coalesce(sum(amount), 0)::bigint FROM payments WHERE status = 'Captured'"));
    }
}
