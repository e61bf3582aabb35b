using System.Diagnostics;
using Benchmarks.Flows;

namespace Benchmarks.Measuring;

/// <summary>The distribution of how long orders took.</summary>
sealed record Latencies(double P50, double P99)
{
    /// <summary>Not measured yet.</summary>
    public static readonly Latencies None = new(double.NaN, double.NaN);

    /// <summary>One order after the other, with a pause between them.</summary>
    public static async Task<Latencies> AtIdle(IOrderFlow flow, int orders)
    {
        List<double> milliseconds = [];
        for (var i = 0; i < orders; i++)
        {
            milliseconds.Add(await Time(flow));
            await Task.Delay(10);
        }

        return Of(milliseconds);
    }

    /// <summary>Orders arrive at a fixed rate, whether or not those before them are done.</summary>
    public static async Task<Latencies> AtRate(IOrderFlow flow, double ordersPerSecond, TimeSpan duration)
    {
        List<Task<double>> orders = [];
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < duration)
        {
            while (orders.Count < clock.Elapsed.TotalSeconds * ordersPerSecond)
                orders.Add(Time(flow));
            await Task.Delay(1);
        }

        return Of([.. await Task.WhenAll(orders)]);
    }

    static async Task<double> Time(IOrderFlow flow)
    {
        var started = Stopwatch.GetTimestamp();
        await flow.PlaceOrder(MassTransit.NewId.NextGuid());
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    static Latencies Of(List<double> milliseconds)
    {
        milliseconds.Sort();
        return new Latencies(milliseconds[milliseconds.Count / 2], milliseconds[(int)(milliseconds.Count * 0.99)]);
    }
}
