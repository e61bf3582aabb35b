using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Topology;

/// <summary>
/// A state of the broker, wanted or found, in RabbitMQ's own definitions format: what <c>print</c> writes for the import
/// at boot is what <c>apply</c> and <c>diff</c> compare.
/// </summary>
public sealed record Definitions
{
    /// <summary>How definitions are written and read.</summary>
    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>Virtual hosts.</summary>
    public IReadOnlyList<VirtualHost> Vhosts { get; init; } = [];

    /// <summary>Users.</summary>
    public IReadOnlyList<User> Users { get; init; } = [];

    /// <summary>Rights of users in virtual hosts.</summary>
    public IReadOnlyList<Permission> Permissions { get; init; } = [];

    /// <summary>Shovels and virtual host limits.</summary>
    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>Policies.</summary>
    public IReadOnlyList<Policy> Policies { get; init; } = [];

    /// <summary>Queues.</summary>
    public IReadOnlyList<Queue> Queues { get; init; } = [];

    /// <summary>Exchanges.</summary>
    public IReadOnlyList<Exchange> Exchanges { get; init; } = [];

    /// <summary>Bindings.</summary>
    public IReadOnlyList<Binding> Bindings { get; init; } = [];

    /// <summary>Everything, kind by kind.</summary>
    [JsonIgnore]
    public IEnumerable<Resource> All =>
        [.. Vhosts, .. Users, .. Permissions, .. Parameters, .. Policies, .. Queues, .. Exchanges, .. Bindings];

    /// <summary>Sorts resources by kind; a resource named twice stands once.</summary>
    /// <exception cref="InvalidOperationException">The same resource is wanted in two ways.</exception>
    public static Definitions Of(IEnumerable<Resource> resources)
    {
        var distinct = new Dictionary<string, Resource>();
        foreach (var resource in resources)
            if (!distinct.TryAdd(resource.Identity, resource) && !distinct[resource.Identity].Equals(resource))
                throw new InvalidOperationException($"{resource.Identity} is wanted in two ways.");

        return new Definitions
        {
            Vhosts = [.. distinct.Values.OfType<VirtualHost>()],
            Users = [.. distinct.Values.OfType<User>()],
            Permissions = [.. distinct.Values.OfType<Permission>()],
            Parameters = [.. distinct.Values.OfType<Parameter>()],
            Policies = [.. distinct.Values.OfType<Policy>()],
            Queues = [.. distinct.Values.OfType<Queue>()],
            Exchanges = [.. distinct.Values.OfType<Exchange>()],
            Bindings = [.. distinct.Values.OfType<Binding>()],
        };
    }

    /// <summary>The JSON that RabbitMQ imports at boot (<c>load_definitions</c>); holds the links' clear passwords.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
