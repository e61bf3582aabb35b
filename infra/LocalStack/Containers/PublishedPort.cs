using System.Globalization;

namespace LocalStack;

/// <summary>A port that docker-compose.yml publishes on this machine.</summary>
/// <param name="Service">The service that listens on it.</param>
/// <param name="Inside">The port in its container.</param>
/// <param name="Variable">The variable that chooses the port on this machine.</param>
/// <param name="WellKnown">The port unless it is chosen.</param>
internal sealed record PublishedPort(string Service, int Inside, string Variable, int WellKnown)
{
    /// <summary>All of them but those of optional profiles.</summary>
    public static IReadOnlyList<PublishedPort> All { get; } =
    [
        new(StackParts.Edge, 8080, "EDGE_PORT", 8080),
        new("orders", 8080, "ORDERS_PORT", 5001),
        new("payments", 8080, "PAYMENTS_PORT", 5002),
        new("notifications", 8080, "NOTIFICATIONS_PORT", 5003),
        new(Stack.ProviderName, 8080, "PROVIDER_PORT", 5004),
        new(StackParts.Broker, 5672, "BROKER_PORT", 5672),
        new(StackParts.Broker, 15672, "MANAGEMENT_PORT", 15672),
        new(StackParts.Postgres, 5432, "POSTGRES_PORT", 5432),
        new(StackParts.Mail, 8025, "MAIL_PORT", 8025),
    ];

    /// <summary>The port that is wanted: the variable's in the environment or in .env, else the well-known one.</summary>
    public int Wanted(IReadOnlyDictionary<string, string> dotEnv)
    {
        var chosen = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : dotEnv.GetValueOrDefault(Variable, "");
        return int.TryParse(chosen, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : WellKnown;
    }

    /// <summary>The port that a container of the project publishes it on; null where there is none.</summary>
    public int? Of(IEnumerable<Container> containers) => containers
        .Where(container => container.Service == Service && container.Ports.ContainsKey(Inside))
        .Select(container => (int?)container.Ports[Inside])
        .FirstOrDefault();
}
