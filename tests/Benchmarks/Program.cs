using System.Globalization;
using Benchmarks.Flows;
using Benchmarks.Measuring;
using RealServers;

// Prints one table: the outbox against a raw twin, and against MassTransit without outbox, in the same run on the same servers.
// See docs/performance.md.
//   --orders <n>     orders in each round of the throughput measurement (5000)
//   --rounds <n>     rounds, of which the median counts (9)
//   --twin-body <n>  bytes in a message of the raw twin (1400, as in MassTransit's messages with their envelope)
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var orders = Option("--orders", 5_000);
var rounds = Option("--rounds", 9);
var twinBody = Option("--twin-body", 1_400);

var servers = await Servers.GetAsync();
Say("counting what an order costs the database");
await using var raw = await Subject.StartAsync(servers, (database, broker) => RawFlow.StartAsync(database, broker, twinBody));
await using var plain = await Subject.StartAsync(servers, (database, broker) => MassTransitFlow.StartAsync(database, broker, outbox: false));
await using var outbox = await Subject.StartAsync(servers, (database, broker) => MassTransitFlow.StartAsync(database, broker, outbox: true));
Subject[] subjects = [raw, plain, outbox];

// Until the runtime has compiled the hot paths for good: a service runs for days.
Say("warming up");
foreach (var subject in subjects)
    await subject.WarmUp(orders * 2);

for (var round = 1; round <= rounds; round++)
{
    // In turn, so that what else the machine does hits all.
    foreach (var subject in subjects)
        await subject.Run(orders);
    Say($"round {round} of {rounds}, orders/s: raw {raw.LastRound.OrdersPerSecond:0}, without outbox {plain.LastRound.OrdersPerSecond:0}, with outbox {outbox.LastRound.OrdersPerSecond:0}");
}

Say("measuring latencies");
foreach (var subject in subjects)
    await subject.MeasureLatencies();

Console.WriteLine(Comparison.Table(raw, plain, outbox));
return 0;

static void Say(string what) => Console.Error.WriteLine(what);

int Option(string name, int otherwise)
{
    var index = Array.IndexOf(args, name);
    return index < 0 ? otherwise : int.Parse(args[index + 1], CultureInfo.InvariantCulture);
}
