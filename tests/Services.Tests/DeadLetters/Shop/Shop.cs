using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Contracts;
using Hosting;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.Hosting;
using Services.Tests.Messaging;
using Topology;

namespace Services.Tests.DeadLetters;

/// <summary>What a test may want otherwise.</summary>
public sealed record ShopSettings
{
    public int DeliveryLimit { get; init; } = 50;

    public int LinkDeliveryLimit { get; init; } = 20;

    public bool BehindProxies { get; init; }

    /// <summary>Whether the test launches the service itself, in processes that may die.</summary>
    public bool InOwnProcess { get; init; }

    /// <summary>How long each wait queue really holds a message; a fraction of a second unless it is named here.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Waits { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>How long a closed letter is kept.</summary>
    public TimeSpan LetterRetention { get; init; } = TimeSpan.FromDays(30);

    public Action<IBusRegistrationConfigurator> Consumers { get; init; } = bus =>
    {
        bus.AddConsumer<PackParcelConsumer, PackParcelConsumerDefinition>();
        bus.AddConsumer<WeighParcelsConsumer, WeighParcelsConsumerDefinition>();
    };
}

/// <summary>
/// A small service with everything that the conventions give a service, on a virtual host and a database of its own. Its
/// messages wait a fraction of a second where others wait minutes.
/// </summary>
public sealed class Shop : IAsyncDisposable
{
    public static readonly Service Service = new("shop");
    public static readonly Service Depot = new("depot");

    private static readonly RoutingTable Table = new()
    {
        Routes =
        [
            Service.Publishes<PackParcel>().To(Service, "pack-parcel"),
            Service.Publishes<WeighParcel>().To(Service, "weigh-parcel"),
            Service.Publishes<OfferParcel>().To(Service, "offer-parcel"),
            Service.Publishes<CrushParcel>().To(Service, "crush-parcel"),
            Service.Publishes<ShipParcel>().To(Depot, "ship-parcel"),
        ],
        RetryQueues = Routes.RetryQueues,
        Expiries = [new Expiry(Service, "offer-parcel", "offer-expired", TimeSpan.FromDays(1))],
    };

    private readonly Servers _servers;
    private readonly TopologyOptions _options;
    private readonly TestDatabase _database;
    private readonly ShopSettings _settings;
    private readonly Dictionary<string, string?> _serviceSettings;
    private WebApplication? _app;
    private IConnection? _connection;

    private Shop(Servers servers, TopologyOptions options, TestDatabase database, ShopSettings settings)
    {
        (_servers, _options, _database, _settings) = (servers, options, database, settings);
        Topology = BrokerTopology.From(Table, options);
        Broker = new ManagementApi(servers.Management);
        if (settings.BehindProxies)
        {
            BrokerProxy = TcpProxy.To(servers.Broker.Host, servers.Broker.Port);
            var postgres = new NpgsqlConnectionStringBuilder(database.ConnectionString);
            DatabaseProxy = TcpProxy.To(postgres.Host!, postgres.Port);
        }

        _serviceSettings = new Dictionary<string, string?>
        {
            ["ConnectionStrings:Broker"] = Through(BrokerProxy, Topology.AddressOf(Service)),
            ["ConnectionStrings:Database"] = Through(DatabaseProxy, database.ConnectionString),
            ["DeadLetters:Retention"] = settings.LetterRetention.ToString("c", CultureInfo.InvariantCulture),
        };
    }

    public Fates Fates { get; } = new();

    public BrokerTopology Topology { get; }

    public ManagementApi Broker { get; }

    /// <summary>The way from the service to the broker, and to nobody else; null unless asked for.</summary>
    public TcpProxy? BrokerProxy { get; }

    /// <summary>The way from the service to its database; null unless asked for.</summary>
    public TcpProxy? DatabaseProxy { get; }

    public HttpClient Operator { get; private set; } = null!;

    public HttpClient Customer { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    public static async Task<Shop> OpenAsync(ShopSettings? settings = null)
    {
        settings ??= new ShopSettings();
        var servers = await Servers.GetAsync();
        var options = new TopologyOptions
        {
            Prefix = $"s{Guid.NewGuid().ToString("N")[..8]}-",
            Broker = new Uri($"amqp://{servers.Broker.Authority}"),
            EndpointDeliveryLimit = settings.DeliveryLimit,
            LinkDeliveryLimit = settings.LinkDeliveryLimit,
            Ttls = Table.RetryQueues.Select(retry => retry.Queue).Append("offer-parcel")
                .ToDictionary(queue => queue, queue => settings.Waits.GetValueOrDefault(queue, TimeSpan.FromMilliseconds(250))),
        };

        var shop = new Shop(servers, options, await servers.CreateDatabaseAsync("shop"), settings);
        await shop.Topology.ApplyAsync(shop.Broker);
        await shop.MigrateAsync();
        if (!settings.InOwnProcess)
            await shop.StartAsync();
        return shop;
    }

    /// <summary>Starts the service in a process of its own, and waits for nothing.</summary>
    public ServiceProcess Launch() => ServiceProcess.Launch(
        ShopService.Project, _serviceSettings.ToDictionary(setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value), ShopService.Argument);

    /// <summary>A confirming channel as the service's own user, not through the proxy.</summary>
    public async Task<IChannel> ChannelAsync()
    {
        _connection ??= await new ConnectionFactory { Uri = Topology.AddressOf(Service) }.CreateConnectionAsync();
        return await _connection.ConfirmedChannelAsync();
    }

    /// <summary>A confirming channel as the administrator.</summary>
    public async Task<IChannel> AdministratorChannelAsync(Service service)
    {
        var address = new UriBuilder(_servers.Broker) { Path = Uri.EscapeDataString(_options.VirtualHostOf(service)) }.Uri;
        var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        return await connection.ConfirmedChannelAsync();
    }

    /// <summary>Publishes a message as MassTransit does.</summary>
    /// <returns>Its message id.</returns>
    public async Task<Guid> PublishAsync<T>(T message)
        where T : class
    {
        var messageId = NewId.NextGuid();
        await Services.GetRequiredService<IBus>().Publish(message, context => context.MessageId = messageId);
        return messageId;
    }

    /// <summary>Publishes bytes, persistently, and returns when the broker has them.</summary>
    public async Task PublishRawAsync(string exchange, ReadOnlyMemory<byte> body, Action<BasicProperties>? configure = null, string routingKey = "")
    {
        await using var channel = await ChannelAsync();
        var properties = new BasicProperties { Persistent = true };
        configure?.Invoke(properties);
        await channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body);
    }

    /// <summary>Waits for the letters that a condition in SQL finds.</summary>
    public async Task<IReadOnlyList<Letter>> LettersAsync(string condition, int count = 1)
    {
        await Eventually.TrueAsync(
            async () => await CountAsync($"SELECT count(*) FROM dead_letters WHERE {condition}") >= count,
            $"{count} letters where {condition}");
        return await QueryAsync(condition);
    }

    /// <summary>Waits for the one letter of an order.</summary>
    public async Task<Letter> LetterAsync(Guid orderId) => (await LettersAsync($"order_id = '{orderId}'")).Single();

    /// <summary>
    /// How many messages a queue holds, handed out or not. The broker refreshes this figure every few seconds; a channel could
    /// tell at once, but only how many wait.
    /// </summary>
    public async Task<long> MessagesAsync(string queue)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(_servers.Management.UserInfo))));
        var path = $"/api/queues/{Uri.EscapeDataString(_options.VirtualHostOf(Service))}/{queue}";
        using var status = JsonDocument.Parse(await client.GetStringAsync(new Uri(_servers.Management, path)));
        return status.RootElement.TryGetProperty("messages", out var messages) ? messages.GetInt64() : -1;
    }

    public Task<long> CountAsync(string sql) => ScalarAsync<long>(sql);

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await OpenDatabaseAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A connection to the database as its owner, or as one who may do everything; not through the proxy.</summary>
    public async Task<NpgsqlConnection> OpenDatabaseAsync(bool asSuperuser = false)
    {
        var connection = new NpgsqlConnection(asSuperuser
            ? new NpgsqlConnectionStringBuilder(_servers.Postgres) { Database = _database.Name, Pooling = false }.ConnectionString
            : _database.OwnerConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>How often a parcel was packed, by what the database says.</summary>
    public Task<long> PackedAsync(Guid orderId) => CountAsync($"""SELECT count(*) FROM packed_parcels WHERE "OrderId" = '{orderId}'""");

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            Operator.Dispose();
            Customer.Dispose();
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        if (_connection is not null)
            await _connection.DisposeAsync();
        if (BrokerProxy is not null)
            await BrokerProxy.DisposeAsync();
        if (DatabaseProxy is not null)
            await DatabaseProxy.DisposeAsync();
        await Topology.RemoveAsync(Broker);
        Broker.Dispose();
        await _database.DisposeAsync();
    }

    private async Task<IReadOnlyList<Letter>> QueryAsync(string condition)
    {
        await using var connection = await OpenDatabaseAsync();
        await using var command = new NpgsqlCommand(
            $"""
             SELECT id, status, previous_id, count, message_id, order_id, message_type, reason, origin_queue, origin_exchange,
                 exception_type, exception_message, attempts, headers::text, body, conversation_id, died_at
             FROM dead_letters WHERE {condition} ORDER BY id
             """,
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var letters = new List<Letter>();
        while (await reader.ReadAsync())
        {
            letters.Add(new Letter(
                reader.GetGuid(0), reader.GetString(1), Value<Guid>(reader, 2), reader.GetInt32(3), Text(reader, 4), Value<Guid>(reader, 5), Text(reader, 6),
                reader.GetString(7), Text(reader, 8), Text(reader, 9), Text(reader, 10), Text(reader, 11), reader.GetInt32(12), reader.GetString(13),
                (byte[])reader[14], Text(reader, 15), reader.GetDateTime(16)));
        }

        return letters;

        static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

        static T? Value<T>(NpgsqlDataReader reader, int column)
            where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);
    }

    private async Task MigrateAsync()
    {
        await using var context = new ShopDbContext(new DbContextOptionsBuilder<ShopDbContext>()
            .UseNpgsql(_database.OwnerConnectionString)
            .ConfigureWarnings(warnings => warnings.Ignore(Microsoft.EntityFrameworkCore.Diagnostics.RelationalEventId.PendingModelChangesWarning))
            .Options);
        await context.Database.MigrateAsync();
    }

    private async Task StartAsync()
    {
        var builder = ShopService.Create(Fates, _settings.Consumers, _serviceSettings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = ShopService.Build(builder);
        await _app.StartAsync();

        Operator = Client(DevelopmentKeys.Operator);
        Customer = Client(DevelopmentKeys.Ada);
        await Eventually.TrueAsync(
            async () => (await Operator.GetAsync(new Uri("health/ready", UriKind.Relative))).IsSuccessStatusCode, "the shop is open");
    }

    private HttpClient Client(string key)
    {
        var client = new HttpClient { BaseAddress = new Uri(_app!.Urls.First()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    private static string Through(TcpProxy? proxy, Uri address) =>
        proxy is null ? address.AbsoluteUri : new UriBuilder(address) { Host = "127.0.0.1", Port = proxy.Port }.Uri.AbsoluteUri;

    private static string Through(TcpProxy? proxy, string connectionString) => proxy is null
        ? connectionString
        : new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = proxy.Port, Timeout = 5 }.ConnectionString;
}

/// <summary>A letter as the database has it.</summary>
[SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "Bytes are compared.")]
public sealed record Letter(
    Guid Id, string Status, Guid? PreviousId, int Count, string? MessageId, Guid? OrderId, string? MessageType, string Reason, string? Queue,
    string? Exchange, string? ExceptionType, string? ExceptionMessage, int Attempts, string Headers, byte[] Body, string? ConversationId, DateTime DiedAt);
