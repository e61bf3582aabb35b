using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Npgsql;
using RealServers;
using Services.Tests.Hosting;
using Topology;

namespace Services.Tests.Orders;

/// <summary>The Orders service with a database and the whole broker topology of its own. Payments is played by the test.</summary>
public class OrdersSystem : IAsyncLifetime
{
    public const string Project = "services/Orders";

    private readonly string _prefix = $"o{Guid.NewGuid():N}"[..9] + "-";
    private Servers _servers = null!;
    private TestDatabase _database = null!;
    private BrokerTopology _topology = null!;

    /// <summary>Too long for any test, unless a fixture shortens it.</summary>
    protected virtual TimeSpan PaymentDeadline => TimeSpan.FromMinutes(15);

    public ServiceProcess Service { get; private set; } = null!;

    public HttpClient Ada { get; private set; } = null!;

    public HttpClient Grace { get; private set; } = null!;

    public HttpClient Operator { get; private set; } = null!;

    public PlayedPayments Payments { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>The service's way to its database.</summary>
    public TcpProxy DatabaseNetwork { get; private set; } = null!;

    /// <summary>The service's way to its broker.</summary>
    public TcpProxy BrokerNetwork { get; private set; } = null!;

    public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Database"] = new NpgsqlConnectionStringBuilder(_database.ConnectionString)
        {
            Host = "127.0.0.1",
            Port = DatabaseNetwork.Port,
        }.ConnectionString,
        ["ConnectionStrings__DatabaseOwner"] = _database.OwnerConnectionString,
        ["ConnectionStrings__Broker"] =
            _topology.AddressOf(Routes.Orders, new Uri(string.Create(CultureInfo.InvariantCulture, $"amqp://127.0.0.1:{BrokerNetwork.Port}"))).ToString(),
    };

    public async ValueTask InitializeAsync()
    {
        _servers = await Servers.GetAsync();
        _database = await _servers.CreateDatabaseAsync("orders");
        _topology = BrokerTopology.From(new TopologyOptions
        {
            Prefix = _prefix,
            Broker = new UriBuilder(_servers.Broker) { UserName = "", Password = "" }.Uri,
            Ttls = new Dictionary<string, TimeSpan> { [Routes.PaymentDeadline.Queue] = PaymentDeadline },
        });
        using (var management = new Topology.ManagementApi(_servers.Management))
            await _topology.ApplyAsync(management);

        var database = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        DatabaseNetwork = TcpProxy.To(database.Host!, database.Port);
        BrokerNetwork = TcpProxy.To(_servers.Broker.Host, _servers.Broker.Port);

        Database = NpgsqlDataSource.Create(_database.OwnerConnectionString);
        Payments = await PlayedPayments.ConnectAsync(_topology.AddressOf(Routes.Payments));
        await StartAsync();
    }

    /// <summary>Migrates the database and waits until the service is ready.</summary>
    protected virtual async Task StartAsync()
    {
        await MigrateAsync();
        await LaunchAsync();
        await Service.ReadyAsync();
    }

    /// <summary>Starts the service, which may have to wait for what it needs.</summary>
    public async Task LaunchAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        Service = await ServiceProcess.StartAsync(Project, Settings);
        Ada = Service.Client("dev-ada");
        Grace = Service.Client("dev-grace");
        Operator = Service.Client("dev-operator");
    }

    public async Task MigrateAsync()
    {
        var (exitCode, output, error) = await ServiceProcess.RunAsync(Project, ["migrate"], Settings);
        if (exitCode != 0)
            throw new InvalidOperationException($"migrate failed: {output} {error}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Service is not null)
            await Service.DisposeAsync();
        if (Payments is not null)
            await Payments.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        if (DatabaseNetwork is not null)
            await DatabaseNetwork.DisposeAsync();
        if (BrokerNetwork is not null)
            await BrokerNetwork.DisposeAsync();
        using (var management = new Topology.ManagementApi(_servers.Management))
            await _topology.RemoveAsync(management);
        await _database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Places an order of 25 euros for ada.</summary>
    public async Task<Guid> PlaceAsync(string paymentMethod = "tok_approve")
    {
        using var response = await PostAsync(Ada, Body(paymentMethod), Guid.NewGuid().ToString());
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public static string Body(string paymentMethod = "tok_approve", int quantity = 2) =>
        $$"""{"customerId":"ada","currency":"EUR","paymentMethod":"{{paymentMethod}}","lines":[{"sku":"coffee-1kg","quantity":{{quantity}}}]}""";

    public static async Task<HttpResponseMessage> PostAsync(HttpClient caller, string body, string? idempotencyKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", $"\"{idempotencyKey}\"");
        return await caller.SendAsync(request);
    }

    public async Task<string> StatusAsync(Guid orderId) =>
        (await Ada.GetFromJsonAsync<JsonElement>($"/orders/{orderId}")).GetProperty("status").GetString()!;

    public Task ReachesAsync(Guid orderId, string status) =>
        Eventually.EqualAsync(status, () => StatusAsync(orderId), $"the status of order {orderId}");

    /// <summary>The order's timeline, one word each.</summary>
    public async Task<string> TimelineAsync(Guid orderId)
    {
        var timeline = await Ada.GetFromJsonAsync<JsonElement>($"/orders/{orderId}/timeline");
        return string.Join(' ', timeline.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
    }

    public async Task<long> CountAsync(string table)
    {
        await using var command = Database.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
