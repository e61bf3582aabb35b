using System.Diagnostics.Metrics;

namespace Messaging;

/// <summary>
/// The counters of this library's meter, <c>Messaging</c>. Every level of failure has one, by endpoint and reason; a reason is
/// the exception's type, or what the broker calls it.
/// </summary>
internal sealed class MessagingMetrics
{
    public const string MeterName = "Messaging";

    private readonly Counter<long> _immediateRetries;
    private readonly Counter<long> _delayedRetries;
    private readonly Counter<long> _killSwitchTrips;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _operations;

    public MessagingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _immediateRetries = meter.CreateCounter<long>("messaging.retries.immediate", "{retry}", "Messages tried again in place.");
        _delayedRetries = meter.CreateCounter<long>("messaging.retries.delayed", "{retry}", "Messages sent to a wait queue to be tried again later.");
        _killSwitchTrips = meter.CreateCounter<long>("messaging.kill_switch.trips", "{trip}", "Endpoints that stopped because most messages failed.");
        _deadLetters = meter.CreateCounter<long>("messaging.dead_letters.collected", "{letter}", "Dead letters stored by the collector.");
        _operations = meter.CreateCounter<long>("messaging.dead_letters.operations", "{letter}", "Dead letters replayed or discarded by operators, by outcome.");
    }

    public void ImmediateRetry(string endpoint, Exception exception) =>
        _immediateRetries.Add(1, new("endpoint", endpoint), new("reason", exception.GetType().Name));

    public void DelayedRetry(string endpoint, string queue, Exception exception) =>
        _delayedRetries.Add(1, new("endpoint", endpoint), new("queue", queue), new("reason", exception.GetType().Name));

    public void KillSwitchTripped(string endpoint, Exception exception) =>
        _killSwitchTrips.Add(1, new("endpoint", endpoint), new("reason", exception.GetType().Name));

    public void DeadLetter(string endpoint, string reason) =>
        _deadLetters.Add(1, new("endpoint", endpoint), new("reason", reason));

    public void Operation(string endpoint, string operation, string outcome) =>
        _operations.Add(1, new("endpoint", endpoint), new("operation", operation), new("outcome", outcome));
}
