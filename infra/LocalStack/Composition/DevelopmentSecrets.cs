using Contracts;
using Topology;

namespace LocalStack;

/// <summary>
/// The passwords of the local stack: public knowledge like its API keys, and the same in docker-compose.yml. Nothing
/// of the stack listens beyond this machine, and services refuse them in Production.
/// </summary>
public static class DevelopmentSecrets
{
    /// <summary>The broker's administrator "admin".</summary>
    public const string BrokerAdministrator = "dev-admin";

    /// <summary>PostgreSQL's superuser "postgres".</summary>
    public const string PostgresSuperuser = "dev-postgres";

    /// <summary>What Payments shows to the provider simulator.</summary>
    public const string Provider = "dev-provider";

    /// <summary>A service's database, named after it.</summary>
    public static DatabaseAccount Database(Service service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return new DatabaseAccount(service.Name, $"dev-{service.Name}-owner", TopologyOptions.DevelopmentPassword(service));
    }
}
