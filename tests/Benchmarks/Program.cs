using System.Globalization;
using Benchmarks.Flows;
using Benchmarks.Measuring;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using RealServers;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var servers = await Servers.GetAsync();
await using var database = await servers.CreateDatabaseAsync("benchmark");
await using var broker = await servers.CreateVirtualHostAsync("benchmark");
await using var superuser = NpgsqlDataSource.Create(servers.Postgres);

await using (BenchmarkDbContext context = new(new DbContextOptionsBuilder<BenchmarkDbContext>().UseNpgsql(database.OwnerConnectionString).Options))
    await context.Database.MigrateAsync();

var orders = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5_000;
await using var raw = await RawFlow.StartAsync(database.ConnectionString, broker.Uri);
await using var outbox = await OutboxFlow.StartAsync(database.ConnectionString, broker.Uri);

foreach (IOrderFlow flow in new IOrderFlow[] { raw, outbox })
    await Throughput.Of(flow, 1_000, 50);

for (var round = 0; round < 2; round++)
{
    foreach (IOrderFlow flow in new IOrderFlow[] { raw, outbox })
    {
        var before = await DatabaseCounters.Read(superuser, database.Name);
        var t = await Throughput.Of(flow, orders, 50);
        var after = await DatabaseCounters.Read(superuser, database.Name);
        Console.WriteLine($"{flow.Name,-8} {t.OrdersPerSecond,8:0} orders/s  cpu {t.CpuMilliseconds:0.00} ms  alloc {t.AllocatedKilobytes:0} KB  commits {(after.Commits - before.Commits) / (double)orders:0.0}  wal {(after.WalBytes - before.WalBytes) / (double)orders:0}");
    }
}

foreach (IOrderFlow flow in new IOrderFlow[] { raw, outbox })
{
    var l = await Latencies.AtIdle(flow, 300);
    Console.WriteLine($"{flow.Name,-8} idle p50 {l.P50:0.0} p99 {l.P99:0.0}");
}
