using System.Text.Json.Serialization;

namespace Topology;

/// <summary>One thing that the broker holds: declared by us (desired) or read from it (current).</summary>
/// <remarks>Member names and shapes are those of RabbitMQ's definitions JSON, so printing and reading need no mapping.</remarks>
public abstract record Resource
{
    /// <summary>What it is and where, unique among all resources; two states of the same resource share it.</summary>
    [JsonIgnore]
    public string Identity => Identify();

    /// <summary>Whether what the broker has is what is wanted.</summary>
    public virtual bool IsSatisfiedBy(Resource current) => Equals(current);

    /// <summary>Makes the <see cref="Identity" />.</summary>
    protected abstract string Identify();
}

/// <summary>A virtual host.</summary>
public sealed record VirtualHost(string Name) : Resource
{
    /// <inheritdoc />
    protected override string Identify() => $"vhost {Name}";
}

/// <summary>What a user may configure, write and read in a virtual host; each a regular expression over resource names.</summary>
public sealed record Permission(string User, string Vhost, string Configure, string Write, string Read) : Resource
{
    /// <inheritdoc />
    protected override string Identify() => $"rights of {User} in {Vhost}";
}

/// <summary>An exchange. Everything but its name is fixed once it exists.</summary>
public sealed record Exchange(string Name, string Vhost, string Type, bool Durable, bool AutoDelete, bool Internal, CanonicalJson Arguments)
    : Resource
{
    /// <inheritdoc />
    protected override string Identify() => $"exchange {Vhost}/{Name}";

    /// <summary>An exchange as MassTransit declares them.</summary>
    public static Exchange Fanout(string virtualHost, string name) =>
        new(name, virtualHost, "fanout", Durable: true, AutoDelete: false, Internal: false, CanonicalJson.Empty);
}

/// <summary>A queue. Everything but its name is fixed once it exists.</summary>
public sealed record Queue(string Name, string Vhost, bool Durable, bool AutoDelete, CanonicalJson Arguments) : Resource
{
    /// <inheritdoc />
    protected override string Identify() => $"queue {Vhost}/{Name}";

    /// <summary>A quorum queue without further arguments: whatever else it needs is policy, which can be changed later.</summary>
    public static Queue Quorum(string virtualHost, string name) =>
        new(name, virtualHost, Durable: true, AutoDelete: false, CanonicalJson.Of(("x-queue-type", "quorum")));
}

/// <summary>A binding from an exchange to a queue or to another exchange.</summary>
/// <param name="Source">The exchange.</param>
/// <param name="Vhost">The virtual host of both ends.</param>
/// <param name="Destination">The queue or exchange.</param>
/// <param name="DestinationType"><c>queue</c> or <c>exchange</c>.</param>
/// <param name="RoutingKey">Empty for a fanout.</param>
/// <param name="Arguments">None, or the match of a headers exchange.</param>
public sealed record Binding(
    string Source,
    string Vhost,
    string Destination,
    string DestinationType,
    string RoutingKey,
    CanonicalJson Arguments) : Resource
{
    /// <inheritdoc />
    protected override string Identify() =>
        $"binding {Vhost}/{Source} -> {DestinationType} {Destination}"
        + (RoutingKey.Length > 0 ? $" with key {RoutingKey}" : "")
        + (Arguments == CanonicalJson.Empty ? "" : $" where {Arguments}");

    /// <summary>Everything that reaches the exchange reaches the queue.</summary>
    public static Binding ToQueue(string virtualHost, string exchange, string queue) =>
        new(exchange, virtualHost, queue, "queue", "", CanonicalJson.Empty);

    /// <summary>Everything that reaches one exchange reaches the other.</summary>
    public static Binding ToExchange(string virtualHost, string exchange, string destination) =>
        new(exchange, virtualHost, destination, "exchange", "", CanonicalJson.Empty);
}

/// <summary>Settings of the queues or exchanges whose name matches: at most one policy is in force for each.</summary>
public sealed record Policy(
    string Vhost,
    string Name,
    string Pattern,
    [property: JsonPropertyName("apply-to")] string ApplyTo,
    CanonicalJson Definition,
    int Priority = 0) : Resource
{
    /// <inheritdoc />
    protected override string Identify() => $"policy {Vhost}/{Name}";
}

/// <summary>A runtime parameter: a shovel, or the limits of a virtual host.</summary>
public sealed record Parameter(string Vhost, string Component, string Name, CanonicalJson Value) : Resource
{
    /// <summary>The component name of shovels.</summary>
    public const string ShovelComponent = "shovel";

    /// <summary>The component name of virtual host limits.</summary>
    public const string LimitsComponent = "vhost-limits";

    /// <summary>Limits of a virtual host.</summary>
    public static Parameter Limits(string virtualHost, int connections, int queues) =>
        new(virtualHost, LimitsComponent, "limits", CanonicalJson.Of(("max-connections", connections), ("max-queues", queues)));

    /// <inheritdoc />
    protected override string Identify() => $"{Component} {Vhost}/{Name}";
}
