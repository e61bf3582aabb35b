using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Npgsql;
using RealServers;
using Services.Tests.Hosting;
using Services.Tests.Simulator;
using Shouldly;
using Topology;
using Xunit;

namespace Services.Tests.Payments;

/// <summary>
/// The Payments service with a database, the provider's process behind a network that can be cut, and the whole broker
/// topology of its own. Orders is played by the test.
/// </summary>
public sealed class PaymentsSystem : IAsyncLifetime
{
    public const string Project = "services/Payments";

    /// <summary>No operation takes longer before it is given up.</summary>
    public static readonly TimeSpan ProviderTotalTimeout = TimeSpan.FromSeconds(8);

    private readonly string _prefix = $"p{Guid.NewGuid():N}"[..9] + "-";
    private Servers _servers = null!;
    private TestDatabase _database = null!;
    private BrokerTopology _topology = null!;

    public ServiceProcess Service { get; private set; } = null!;

    public PlayedOrders Orders { get; private set; } = null!;

    public SimulatorProcess Provider { get; private set; } = null!;

    /// <summary>The way from the service to the provider.</summary>
    public TcpProxy ProviderNetwork { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    private Dictionary<string, string?> Settings => new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Database"] = _database.ConnectionString,
        ["ConnectionStrings__DatabaseOwner"] = _database.OwnerConnectionString,
        ["ConnectionStrings__Broker"] = _topology.AddressOf(Routes.Payments).ToString(),
        ["Provider__BaseAddress"] = $"http://127.0.0.1:{ProviderNetwork.Port}",
        ["Provider__ApiKey"] = SimulatorProcess.ApiKey,
        ["Provider__AttemptTimeout"] = "00:00:02",
        ["Provider__TotalTimeout"] = ProviderTotalTimeout.ToString("c", CultureInfo.InvariantCulture),
        ["Provider__FirstDelay"] = "00:00:00.050",
        // The tests of one class fail many calls on purpose; the breaker has tests of its own.
        ["Provider__BreakerMinimumCalls"] = "1000",
    };

    public async ValueTask InitializeAsync()
    {
        _servers = await Servers.GetAsync();
        _database = await _servers.CreateDatabaseAsync("payments");
        _topology = BrokerTopology.From(new TopologyOptions
        {
            Prefix = _prefix,
            Broker = new UriBuilder(_servers.Broker) { UserName = "", Password = "" }.Uri,
        });
        using (var management = new Topology.ManagementApi(_servers.Management))
            await _topology.ApplyAsync(management);

        Provider = await SimulatorProcess.StartAsync();
        ProviderNetwork = TcpProxy.To(Provider.BaseAddress.Host, Provider.BaseAddress.Port);

        var (exitCode, output, error) = await ServiceProcess.RunAsync(Project, ["migrate"], Settings);
        if (exitCode != 0)
            throw new InvalidOperationException($"migrate failed: {output} {error}");

        Database = NpgsqlDataSource.Create(_database.OwnerConnectionString);
        Orders = await PlayedOrders.ConnectAsync(_topology.AddressOf(Routes.Orders));
        await StartAsync();
    }

    /// <summary>Starts the service, for the first time or after a test has ended it.</summary>
    public async Task StartAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        Service = await ServiceProcess.StartAsync(Project, Settings);
        await Service.ReadyAsync();
    }

    /// <summary>Kills the provider and starts it again where it was, on its log.</summary>
    public async Task RestartProviderAsync() => Provider = await Provider.RestartAsync();

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        if (Orders is not null)
            await Orders.DisposeAsync();
        if (ProviderNetwork is not null)
            await ProviderNetwork.DisposeAsync();
        if (Provider is not null)
            await Provider.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        if (_topology is not null)
        {
            using var management = new Topology.ManagementApi(_servers.Management);
            await _topology.RemoveAsync(management);
        }

        if (_database is not null)
            await _database.DisposeAsync();
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

    /// <summary>The transactions on the service's database that were begun before a moment and are still open, each with its last statement.</summary>
    public async Task<IReadOnlyList<string>> TransactionsOpenSinceAsync(DateTimeOffset moment)
    {
        // Only a superuser sees what another role's sessions are doing.
        await using var superuser = NpgsqlDataSource.Create(_servers.Postgres);
        await using var command = superuser.CreateCommand(
            "SELECT state || ': ' || query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' AND xact_start < $2");
        command.Parameters.AddWithValue(_database.Name);
        command.Parameters.AddWithValue(moment);
        await using var reader = await command.ExecuteReaderAsync();
        var transactions = new List<string>();
        while (await reader.ReadAsync())
            transactions.Add(reader.GetString(0));
        return transactions;
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
