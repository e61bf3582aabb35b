using System.Diagnostics;
using Benchmarks.Flows;

namespace Benchmarks.Measuring;

/// <summary>How many orders a second go through, and what each costs this process.</summary>
sealed record Throughput(double OrdersPerSecond, double CpuMilliseconds, double AllocatedKilobytes)
{
    /// <summary>How many customers order at the same time.</summary>
    public const int Customers = 50;

    /// <summary>A fixed number of customers, each of whom places the next order when the one before is shipped.</summary>
    public static async Task<Throughput> Of(IOrderFlow flow, int orders, int concurrency)
    {
        var remaining = orders;
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var allocated = GC.GetTotalAllocatedBytes();
        var clock = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Customer()));

        var elapsed = clock.Elapsed;
        process.Refresh();
        return new Throughput(
            orders / elapsed.TotalSeconds,
            (process.TotalProcessorTime - cpu).TotalMilliseconds / orders,
            (GC.GetTotalAllocatedBytes() - allocated) / 1024.0 / orders);

        async Task Customer()
        {
            while (Interlocked.Decrement(ref remaining) >= 0)
                await flow.PlaceOrder(MassTransit.NewId.NextGuid());
        }
    }
}
