using System.Security.Cryptography;
using System.Text;
using Contracts;

namespace Topology;

/// <summary>What the routing table does not say: where the broker is, passwords, and the settings that operators turn.</summary>
public sealed record TopologyOptions
{
    /// <summary>Stands before every virtual host and user, so that several systems can share a broker. Default: nothing.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// The broker as its shovels reach it; they run inside it, hence the default <c>amqp://localhost:5672</c>.
    /// Without user, password and path.
    /// </summary>
    public Uri Broker { get; init; } = new("amqp://localhost:5672");

    /// <summary>Passwords of the service users by service name; a service that is not named has a development password.</summary>
    public IReadOnlyDictionary<string, string> ServicePasswords { get; init; } = new Dictionary<string, string>();

    /// <summary>The secret that the link users' passwords are derived from; nobody needs to know those themselves.</summary>
    public string LinkSecret { get; init; } = "dev-link-secret";

    /// <summary>
    /// How often an endpoint's message may come back unacknowledged before it is dead-lettered. Lost connections count, so it
    /// stands well above the restarts that a message may live through. Default: 50.
    /// </summary>
    public int EndpointDeliveryLimit { get; init; } = 50;

    /// <summary>How often a link retries a message that its destination refuses before it is dead-lettered. Default: 20.</summary>
    public int LinkDeliveryLimit { get; init; } = 20;

    /// <summary>Messages that may wait for one destination before publishers are refused. Default: one million.</summary>
    public int LinkLengthLimit { get; init; } = 1_000_000;

    /// <summary>Messages that may wait in one wait queue before publishers are refused. Default: one million.</summary>
    public int WaitLengthLimit { get; init; } = 1_000_000;

    /// <summary>
    /// How long messages wait in wait and retry queues, or live in expiring endpoints, by queue name; a queue that is not
    /// named has the default of <see cref="RoutingTable" />. A change applies to messages sent afterwards.
    /// </summary>
    public IReadOnlyDictionary<string, TimeSpan> Ttls { get; init; } = new Dictionary<string, TimeSpan>();

    /// <summary>Connections that a virtual host accepts: a leak in one service leaves the others theirs. Default: 512.</summary>
    public int ConnectionLimit { get; init; } = 512;

    /// <summary>Queues that a virtual host may hold. Default: 256.</summary>
    public int QueueLimit { get; init; } = 256;

    /// <summary>How long <c>apply</c> waits for every link to move a message. Default: 60 seconds.</summary>
    public TimeSpan LinkTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The virtual host of a service, which is also the name of its user.</summary>
    public string VirtualHostOf(Service service) => Prefix + service;

    /// <summary>The password of a service's user.</summary>
    public string PasswordOf(Service service) =>
        ServicePasswords.TryGetValue(service.Name, out var password) ? password : DevelopmentPassword(service);

    /// <summary>The password that a service has as long as none is configured.</summary>
    public static string DevelopmentPassword(Service service) => $"dev-{service}";

    internal TimeSpan TtlOf(string queue, TimeSpan otherwise) => Ttls.GetValueOrDefault(queue, otherwise);

    internal string PasswordOfLink(string user) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(LinkSecret), Encoding.UTF8.GetBytes(user)));
}
