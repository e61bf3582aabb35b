using MassTransit;

namespace Contracts;

/// <summary>A service: the name of its virtual host, its broker user and its database.</summary>
/// <param name="Name">Lower case, as it appears on the broker.</param>
public sealed record Service(string Name)
{
    /// <summary>Begins a route: this service publishes <typeparamref name="TMessage" />, command or event alike.</summary>
    public Publication Publishes<TMessage>()
        where TMessage : class => new(this, typeof(TMessage));

    /// <summary>This service sends <typeparamref name="TMessage" /> to a queue, and the broker publishes it when the delay is over.</summary>
    /// <param name="queue">The wait queue's name, and that of the exchange to send to.</param>
    /// <param name="delay">The default; operators may set another one.</param>
    public WaitQueue Waits<TMessage>(string queue, TimeSpan delay)
        where TMessage : class => new(this, typeof(TMessage), queue, delay);

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>A message type that a service publishes, still without a destination.</summary>
public sealed record Publication(Service Source, Type Message)
{
    /// <summary>Completes a route: the broker carries the message to this service's endpoint.</summary>
    /// <param name="destination">The service that receives it; may be the source itself.</param>
    /// <param name="endpoint">The receive endpoint's queue in the destination's virtual host.</param>
    public Route To(Service destination, string endpoint) => new(Source, Message, destination, endpoint);
}

/// <summary>One line of the routing table: who publishes what, and which endpoint of which service receives it.</summary>
public sealed record Route(Service Source, Type Message, Service Destination, string Endpoint)
{
    /// <summary>
    /// The name of the message's exchange, the same in every virtual host that the message passes: <c>owner:message</c>, so that
    /// none shares it with an endpoint.
    /// </summary>
    /// <exception cref="InvalidOperationException">The message type does not pin its exchange with <see cref="EntityNameAttribute" />.</exception>
    public string Exchange => MessageExchange.NameOf(Message);

    /// <summary>Whether the message leaves its source's virtual host, and so travels over a shovel.</summary>
    public bool CrossesVirtualHosts => Source != Destination;
}

/// <summary>
/// A queue that nobody consumes: its time to live is the delay, and its dead-letter exchange is the message's own,
/// so that what was sent to it arrives later as an ordinary message. One queue per delay, so a long wait never blocks a short one.
/// </summary>
public sealed record WaitQueue(Service Service, Type Message, string Queue, TimeSpan DefaultDelay)
{
    /// <summary>Where the message goes when the delay is over.</summary>
    public string Exchange => MessageExchange.NameOf(Message);

    /// <summary>The address to send to.</summary>
    public Uri Address => new($"exchange:{Queue}");
}

internal static class MessageExchange
{
    public static string NameOf(Type message) =>
        message.GetCustomAttributes(typeof(EntityNameAttribute), inherit: false) is [EntityNameAttribute name]
            ? name.EntityName
            : throw new InvalidOperationException($"{message} has no [EntityName]: the name of its exchange must be pinned.");
}
