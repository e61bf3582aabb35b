using MassTransit;

namespace Contracts;

/// <summary>A service: the name of its virtual host, its broker user and its database.</summary>
/// <param name="Name">Lower case, as it appears on the broker.</param>
public sealed record Service(string Name)
{
    /// <summary>Begins a route: this service publishes <typeparamref name="TMessage" />, command or event alike.</summary>
    public Publication Publishes<TMessage>()
        where TMessage : class => new(this, typeof(TMessage));

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
    /// <summary>The name of the message's exchange, the same in every virtual host that the message passes.</summary>
    /// <exception cref="InvalidOperationException">The message type does not pin its exchange with <see cref="EntityNameAttribute" />.</exception>
    public string Exchange =>
        Message.GetCustomAttributes(typeof(EntityNameAttribute), inherit: false) is [EntityNameAttribute name]
            ? name.EntityName
            : throw new InvalidOperationException($"{Message} has no [EntityName]: the name of its exchange must be pinned.");

    /// <summary>Whether the message leaves its source's virtual host, and so travels over a shovel.</summary>
    public bool CrossesVirtualHosts => Source != Destination;
}
