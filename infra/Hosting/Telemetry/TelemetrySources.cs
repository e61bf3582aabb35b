namespace Hosting;

/// <summary>The activity sources and meters of the libraries that the services are made of.</summary>
internal static class TelemetrySources
{
    public static IReadOnlyList<string> Activities { get; } = ["Microsoft.AspNetCore", "System.Net.Http", "MassTransit", "Npgsql"];

    // A service's own source and meter have the service's name, and are added to these.
    public static IReadOnlyList<string> Meters { get; } =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql", "MassTransit",
        "MassTransit.EntityFrameworkCoreIntegration", "Messaging",
    ];
}
