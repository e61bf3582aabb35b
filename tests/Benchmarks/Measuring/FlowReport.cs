using Benchmarks.Flows;

namespace Benchmarks.Measuring;

/// <summary>Everything that was measured on one program.</summary>
sealed record FlowReport(string Name, IReadOnlyList<Throughput> Rounds, Latencies Idle, Latencies Loaded, DatabaseCosts Costs)
{
    /// <summary>The median round.</summary>
    public Throughput Throughput => Rounds.OrderBy(x => x.OrdersPerSecond).ElementAt(Rounds.Count / 2);

    public static string Table(FlowReport raw, FlowReport outbox)
    {
        (string Name, Func<FlowReport, double> Value, string Format, string Target)[] rows =
        [
            ("orders/s, 50 at a time", x => x.Throughput.OrdersPerSecond, "0", "at least 0.5"),
            ("p50 when idle, ms", x => x.Idle.P50, "0.0", "at most 3"),
            ("p99 when idle, ms", x => x.Idle.P99, "0.0", ""),
            ("p50 at 80 % load, ms", x => x.Loaded.P50, "0.0", ""),
            ("p99 at 80 % load, ms", x => x.Loaded.P99, "0.0", ""),
            ("round trips to PostgreSQL", x => x.Costs.RoundTrips, "0.0", ""),
            ("commits that write", x => x.Costs.Commits, "0.0", ""),
            ("WAL, bytes", x => x.Costs.WalBytes, "0", ""),
            ("CPU of the process, ms", x => x.Throughput.CpuMilliseconds, "0.00", ""),
            ("allocated, KiB", x => x.Throughput.AllocatedKilobytes, "0", ""),
        ];

        List<string> lines = ["| per order (three steps, two messages) | raw twin | outbox | outbox / raw | target |", "|---|---:|---:|---:|---|"];
        lines.AddRange(rows.Select(x =>
            $"| {x.Name} | {x.Value(raw).ToString(x.Format)} | {x.Value(outbox).ToString(x.Format)} | {x.Value(outbox) / x.Value(raw):0.00} | {x.Target} |"));
        return string.Join(Environment.NewLine, lines);
    }
}
