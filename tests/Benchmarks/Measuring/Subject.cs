using Benchmarks.Flows;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using RealServers;

namespace Benchmarks.Measuring;

/// <summary>A program that is measured, on a database and a virtual host of its own.</summary>
sealed class Subject : IAsyncDisposable
{
    readonly TestDatabase _database;
    readonly TestVirtualHost _broker;
    readonly IOrderFlow _flow;
    readonly List<Throughput> _rounds = [];

    Subject(TestDatabase database, TestVirtualHost broker, IOrderFlow flow, DatabaseCosts costs)
    {
        _database = database;
        _broker = broker;
        _flow = flow;
        Costs = costs;
    }

    public DatabaseCosts Costs { get; }

    public Throughput LastRound => _rounds[^1];

    public Throughput MedianRound => _rounds.OrderBy(x => x.OrdersPerSecond).ElementAt(_rounds.Count / 2);

    public Latencies Idle { get; private set; } = Latencies.None;

    public Latencies Loaded { get; private set; } = Latencies.None;

    /// <summary>Counts what an order costs the database, then starts the program for the measurements of time.</summary>
    public static async Task<Subject> StartAsync(Servers servers, Func<string, Uri, Task<IOrderFlow>> start)
    {
        var database = await servers.CreateDatabaseAsync("benchmark");
        var broker = await servers.CreateVirtualHostAsync("benchmark");
        await using (BenchmarkDbContext context = new(new DbContextOptionsBuilder<BenchmarkDbContext>().UseNpgsql(database.OwnerConnectionString).Options))
            await context.Database.MigrateAsync();

        await using var superuser = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(servers.Postgres) { Database = database.Name }.ConnectionString);
        var costs = await DatabaseCosts.Of(connectionString => start(connectionString, broker.Uri), database, superuser);

        return new Subject(database, broker, await start(database.ConnectionString, broker.Uri), costs);
    }

    public Task WarmUp(int orders) => Throughput.Of(_flow, orders, Throughput.Customers);

    public async Task Run(int orders) => _rounds.Add(await Throughput.Of(_flow, orders, Throughput.Customers));

    public async Task MeasureLatencies()
    {
        Idle = await Latencies.AtIdle(_flow, 200);
        Loaded = await Latencies.AtRate(_flow, MedianRound.OrdersPerSecond * 0.8, TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        await _flow.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }
}
