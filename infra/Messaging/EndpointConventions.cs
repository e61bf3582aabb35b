using System.ComponentModel.DataAnnotations;
using System.Runtime.Serialization;
using Contracts;

namespace Messaging;

/// <summary>What holds on a receive endpoint unless the definition of one of its consumers says otherwise.</summary>
public sealed class EndpointConventions
{
    /// <summary>
    /// Whether each message is handled in one database transaction with inbox and outbox. Only a consumer that must not hold
    /// a transaction open, because it calls another system over the network, turns this off and commits by itself.
    /// </summary>
    public bool UseOutbox { get; set; } = true;

    /// <summary>How many messages the broker may hand out before the first is acknowledged. Small where one takes long.</summary>
    public ushort PrefetchCount { get; set; } = 32;

    /// <summary>Retries in place, before the message leaves the consumer.</summary>
    public Backoff Immediate { get; set; } = new(Limit: 4, First: TimeSpan.FromMilliseconds(50), Longest: TimeSpan.FromSeconds(2));

    /// <summary>
    /// Where a message that retries in place did not heal waits before it is delivered again: at first in the first queue,
    /// then in the next. After the last it is a dead letter. Empty for none.
    /// </summary>
    public IReadOnlyList<RetryQueue> Delayed { get; set; } = Routes.RetryQueues;

    /// <summary>When the endpoint pauses because most of its messages fail; null for never.</summary>
    public KillSwitchLimits? KillSwitch { get; set; } =
        new(Attempts: 20, FailureRatio: 0.5, Window: TimeSpan.FromSeconds(30), Pause: TimeSpan.FromSeconds(30));

    internal List<Type> NeverRetried { get; } =
        [typeof(ValidationException), typeof(SerializationException), typeof(FormatException), typeof(ArgumentException), typeof(NotSupportedException)];

    /// <summary>
    /// Exceptions that trying again cannot heal: such a message goes straight to the dead letters. Failed validation and
    /// serialization, malformed values and wrong arguments need not be named.
    /// </summary>
    public EndpointConventions NeverRetry<TException>()
        where TException : Exception
    {
        NeverRetried.Add(typeof(TException));
        return this;
    }
}

/// <summary>
/// Implemented by a consumer or saga definition whose endpoint departs from the conventions, so that the departure stands
/// beside the consumer that needs it.
/// </summary>
public interface IAdjustEndpoint
{
    /// <summary>Changes the conventions of the endpoint.</summary>
    void Adjust(EndpointConventions endpoint);
}
