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

    internal List<Type> NeverRetried { get; } = [];

    /// <summary>Exceptions that trying again cannot heal: such a message goes straight to the dead letters.</summary>
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
