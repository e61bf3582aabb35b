using System.Globalization;
using Benchmarks.Flows;
using Benchmarks.Measuring;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using RealServers;

// Prints one table: the outbox against a raw twin, in the same run on the same servers. See docs/performance.md.
//   --orders <n>   orders in each round of the throughput measurement (5000)
//   --rounds <n>   rounds, of which the median counts (5)
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var orders = Option("--orders", 5_000);
var rounds = Option("--rounds", 5);

var servers = await Servers.GetAsync();
await using var database = await servers.CreateDatabaseAsync("benchmark");
await using var broker = await servers.CreateVirtualHostAsync("benchmark");
await using (BenchmarkDbContext context = new(new DbContextOptionsBuilder<BenchmarkDbContext>().UseNpgsql(database.OwnerConnectionString).Options))
    await context.Database.MigrateAsync();

Func<string, Task<IOrderFlow>> startRaw = async connectionString => await RawFlow.StartAsync(connectionString, broker.Uri);
Func<string, Task<IOrderFlow>> startOutbox = async connectionString => await OutboxFlow.StartAsync(connectionString, broker.Uri);

Say("counting what an order costs the database");
await using var superuser = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(servers.Postgres) { Database = database.Name }.ConnectionString);
var rawCosts = await DatabaseCosts.Of(startRaw, database, superuser);
var outboxCosts = await DatabaseCosts.Of(startOutbox, database, superuser);

await using var raw = await startRaw(database.ConnectionString);
await using var outbox = await startOutbox(database.ConnectionString);

// Until the runtime has compiled the hot paths for good: a service runs for days.
Say("warming up");
await Throughput.Of(raw, orders * 2, 50);
await Throughput.Of(outbox, orders * 2, 50);

List<Throughput> rawRounds = [];
List<Throughput> outboxRounds = [];
for (var round = 1; round <= rounds; round++)
{
    // In turn, so that what else the machine does hits both.
    rawRounds.Add(await Throughput.Of(raw, orders, 50));
    outboxRounds.Add(await Throughput.Of(outbox, orders, 50));
    Say($"round {round} of {rounds}: raw {rawRounds[^1].OrdersPerSecond:0}, outbox {outboxRounds[^1].OrdersPerSecond:0} orders/s");
}

Say("measuring latencies");
var rawReport = await Report(raw, rawRounds, rawCosts);
var outboxReport = await Report(outbox, outboxRounds, outboxCosts);

Console.WriteLine(FlowReport.Table(rawReport, outboxReport));
return 0;

static async Task<FlowReport> Report(IOrderFlow flow, List<Throughput> rounds, DatabaseCosts costs)
{
    var throughput = rounds.OrderBy(x => x.OrdersPerSecond).ElementAt(rounds.Count / 2);
    return new FlowReport(flow.Name, rounds,
        await Latencies.AtIdle(flow, 200),
        await Latencies.AtRate(flow, throughput.OrdersPerSecond * 0.8, TimeSpan.FromSeconds(10)),
        costs);
}

static void Say(string what) => Console.Error.WriteLine(what);

int Option(string name, int otherwise)
{
    var index = Array.IndexOf(args, name);
    return index < 0 ? otherwise : int.Parse(args[index + 1], CultureInfo.InvariantCulture);
}
