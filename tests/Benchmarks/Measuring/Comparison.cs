namespace Benchmarks.Measuring;

/// <summary>The table that is printed.</summary>
static class Comparison
{
    public static string Table(Subject raw, Subject plain, Subject outbox)
    {
        (string Name, Func<Subject, double> Value, string Format, string Target)[] rows =
        [
            ("orders/s, 50 at a time", x => x.MedianRound.OrdersPerSecond, "0", "at least 0.5"),
            ("p50 when idle, ms", x => x.Idle.P50, "0.0", "at most 3"),
            ("p99 when idle, ms", x => x.Idle.P99, "0.0", ""),
            ("p50 at 80 % load, ms", x => x.Loaded.P50, "0.0", ""),
            ("p99 at 80 % load, ms", x => x.Loaded.P99, "0.0", ""),
            ("round trips to PostgreSQL", x => x.Costs.RoundTrips, "0.0", ""),
            ("commits that write", x => x.Costs.Commits, "0.0", ""),
            ("WAL, bytes", x => x.Costs.WalBytes, "0", ""),
            ("CPU of the process, ms", x => x.MedianRound.CpuMilliseconds, "0.00", ""),
            ("allocated, KiB", x => x.MedianRound.AllocatedKilobytes, "0", ""),
        ];

        List<string> lines =
        [
            "| per order (three steps, two messages) | raw twin | MassTransit without outbox | with outbox | with outbox / raw | target |",
            "|---|---:|---:|---:|---:|---|",
        ];
        lines.AddRange(rows.Select(x =>
            $"| {x.Name} | {x.Value(raw).ToString(x.Format)} | {x.Value(plain).ToString(x.Format)} | {x.Value(outbox).ToString(x.Format)} | {x.Value(outbox) / x.Value(raw):0.00} | {x.Target} |"));
        return string.Join(Environment.NewLine, lines);
    }
}
