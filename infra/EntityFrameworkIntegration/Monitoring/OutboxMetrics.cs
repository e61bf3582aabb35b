using System.Diagnostics.Metrics;

namespace MassTransit.EntityFrameworkCoreIntegration.Monitoring;

/// <summary>
/// The outbox's instruments, on the meter <see cref="MeterName" />, tagged with the DbContext and the bus.
/// </summary>
sealed class OutboxMetrics : IDisposable
{
    public const string MeterName = "MassTransit.EntityFrameworkCoreIntegration";

    readonly Meter _meter;
    readonly KeyValuePair<string, object?>[] _tags;
    readonly Counter<long> _sent;
    readonly Counter<long> _failed;
    readonly Counter<long> _parked;
    readonly Counter<long> _swept;
    readonly Counter<long> _duplicates;
    readonly Histogram<double> _consume;
    readonly Histogram<double> _confirm;

    public OutboxMetrics(string contextName, string busName)
    {
        _tags = [new("dbcontext", contextName), new("bus", busName.Length == 0 ? "default" : busName)];
        _meter = new Meter(new MeterOptions(MeterName) { Tags = _tags });
        _sent = _meter.CreateCounter<long>("outbox.messages.sent", "{message}", "Messages that the broker confirmed.");
        _failed = _meter.CreateCounter<long>("outbox.messages.failed", "{attempt}", "Attempts to send that failed and will be repeated.");
        _parked = _meter.CreateCounter<long>("outbox.messages.parked", "{message}", "Messages set aside after too many failed attempts.");
        _swept = _meter.CreateCounter<long>("outbox.messages.swept", "{message}", "Messages that the sweeper claimed from the table.");
        _duplicates = _meter.CreateCounter<long>("inbox.messages.duplicate", "{message}", "Messages dropped because they had been consumed.");
        _consume = _meter.CreateHistogram<double>("inbox.consume.duration", "s", "From the begin of a consumer's transaction to its commit.");
        _confirm = _meter.CreateHistogram<double>("outbox.confirm.duration", "s", "From a commit to the broker's confirm of a message.");
        _meter.CreateObservableGauge("outbox.depth", () => Depth.Waiting, "{message}", "Messages that wait in the table, scheduled ones excepted; counted up to 10 000.");
        _meter.CreateObservableGauge("outbox.oldest.age", () => Depth.OldestAge.TotalSeconds, "s", "The age of the oldest message that waits in the table.");
        _meter.CreateObservableGauge("outbox.parked", () => Depth.Parked, "{message}", "Parked messages; counted up to 10 000.");
    }

    /// <summary>What was last seen in the table.</summary>
    public OutboxDepth Depth { get; set; } = OutboxDepth.Empty;

    public void Sent(TimeSpan duration)
    {
        _sent.Add(1);
        _confirm.Record(duration.TotalSeconds);
    }

    public void Failed() => _failed.Add(1);

    public void Parked() => _parked.Add(1);

    public void Swept(int count) => _swept.Add(count);

    public void Duplicates(int count) => _duplicates.Add(count);

    public void Consumed(TimeSpan duration) => _consume.Record(duration.TotalSeconds);

    public void Dispose() => _meter.Dispose();
}

/// <summary>How much waits in the outbox table of one bus.</summary>
/// <param name="Waiting">Unsent messages that are neither parked nor scheduled for later, counted up to 10 000.</param>
/// <param name="Parked">Parked messages, counted up to 10 000.</param>
/// <param name="OldestId">The oldest waiting message's id; null if none waits.</param>
/// <param name="OldestAge">Its age.</param>
sealed record OutboxDepth(int Waiting, int Parked, Guid? OldestId, TimeSpan OldestAge)
{
    public static readonly OutboxDepth Empty = new(0, 0, null, TimeSpan.Zero);
}
