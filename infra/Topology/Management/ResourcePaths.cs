namespace Topology;

/// <summary>Where the management API keeps each kind of resource.</summary>
internal static class ResourcePaths
{
    public static string Of(Resource resource) => resource switch
    {
        VirtualHost vhost => Path("vhosts", vhost.Name),
        User user => Path("users", user.Name),
        Permission permission => Path("permissions", permission.Vhost, permission.User),
        Parameter parameter => Path("parameters", parameter.Component, parameter.Vhost, parameter.Name),
        Policy policy => Path("policies", policy.Vhost, policy.Name),
        Exchange exchange => Path("exchanges", exchange.Vhost, exchange.Name),
        Queue queue => Path("queues", queue.Vhost, queue.Name),
        Binding binding => Path("bindings", binding.Vhost, "e", binding.Source, binding.DestinationType[..1], binding.Destination),
        _ => throw new ArgumentOutOfRangeException(nameof(resource), resource, "No path is known for it."),
    };

    public static string Path(params IEnumerable<string> segments) => string.Join('/', segments.Select(Uri.EscapeDataString));
}
