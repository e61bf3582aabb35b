using System.Collections;
using Contracts;

namespace Topology;

/// <summary>The program's settings: environment variables that begin with TOPOLOGY_, each with a default for development.</summary>
public sealed class EnvironmentOptions
{
    private const string Prefix = "TOPOLOGY_";

    private readonly Dictionary<string, string> _unread;

    /// <summary>Reads the settings.</summary>
    /// <param name="environment">Names and values; other programs' variables are left alone.</param>
    /// <exception cref="TopologyException">A setting is wrong or unknown; the message says which and why.</exception>
    public EnvironmentOptions(IDictionary environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        _unread = environment.Keys.Cast<string>()
            .Select(name => (Name: name, Value: (string?)environment[name] ?? ""))
            .Where(variable => variable.Name.StartsWith(Prefix, StringComparison.Ordinal) && variable.Value.Length > 0)
            .ToDictionary(variable => variable.Name, variable => variable.Value);

        Management = Address("MANAGEMENT", new Uri("http://admin:dev-admin@localhost:15672"));
        if (Management.UserInfo.Split(':') is not [{ Length: > 0 }, { Length: > 0 }])
            throw new TopologyException($"{Prefix}MANAGEMENT must name an administrator and the password: http://user:password@host:15672.");
        BrokerTimeout = Duration("BROKER_TIMEOUT", TimeSpan.FromSeconds(60));
        Topology = ReadTopology();

        if (_unread.Count > 0)
            throw new TopologyException($"There is no such setting: {string.Join(", ", _unread.Keys.Order(StringComparer.Ordinal))}.");
    }

    /// <summary>The management API and the administrator to sign in as.</summary>
    public Uri Management { get; }

    /// <summary>How long <c>apply</c> waits for a broker that is still starting.</summary>
    public TimeSpan BrokerTimeout { get; }

    /// <summary>Names, passwords and limits.</summary>
    public TopologyOptions Topology { get; }

    private static IEnumerable<string> TimedQueues =>
    [
        .. Routes.WaitQueues.Select(wait => wait.Queue),
        .. Routes.RetryQueues.Select(retry => retry.Queue),
        .. Routes.Expiries.Select(expiry => expiry.Endpoint),
    ];

    private TopologyOptions ReadTopology()
    {
        var defaults = new TopologyOptions();
        return defaults with
        {
            Prefix = Text("PREFIX") ?? defaults.Prefix,
            Broker = Address("BROKER", defaults.Broker),
            LinkSecret = Text("LINK_SECRET") ?? defaults.LinkSecret,
            ServicePasswords = Given(Routes.Services.Select(service => service.Name), name => Text($"{name.ToUpperInvariant()}_PASSWORD")),
            Ttls = Given(TimedQueues, queue => Text(TtlOf(queue))).ToDictionary(ttl => ttl.Key, ttl => Duration(TtlOf(ttl.Key), ttl.Value)),
            EndpointDeliveryLimit = Number("ENDPOINT_DELIVERY_LIMIT", defaults.EndpointDeliveryLimit),
            LinkDeliveryLimit = Number("LINK_DELIVERY_LIMIT", defaults.LinkDeliveryLimit),
            LinkLengthLimit = Number("LINK_LENGTH_LIMIT", defaults.LinkLengthLimit),
            WaitLengthLimit = Number("WAIT_LENGTH_LIMIT", defaults.WaitLengthLimit),
            ConnectionLimit = Number("CONNECTION_LIMIT", defaults.ConnectionLimit),
            QueueLimit = Number("QUEUE_LIMIT", defaults.QueueLimit),
            LinkTimeout = Duration("LINK_TIMEOUT", defaults.LinkTimeout),
        };
    }

    /// <summary>Such as TTL_PAYMENT_DEADLINE for payment-deadline.</summary>
    private static string TtlOf(string queue) => "TTL_" + queue.ToUpperInvariant().Replace('-', '_');

    private static Dictionary<string, string> Given(IEnumerable<string> names, Func<string, string?> read) => names
        .Select(name => (Name: name, Value: read(name)))
        .Where(given => given.Value is not null)
        .ToDictionary(given => given.Name, given => given.Value!);

    private string? Text(string name) => _unread.Remove(Prefix + name, out var value) ? value : null;

    private Uri Address(string name, Uri otherwise) => Text(name) is not { } text
        ? otherwise
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Host.Length > 0
            ? address
            : throw new TopologyException($"{Prefix}{name} must be an address such as {otherwise.Scheme}://{otherwise.Authority}.");

    private int Number(string name, int otherwise) => Text(name) is not { } text
        ? otherwise
        : int.TryParse(text, out var number) && number > 0
            ? number
            : throw new TopologyException($"{Prefix}{name} must be a whole number above zero; it is {text}.");

    private TimeSpan Duration(string name, TimeSpan otherwise) => Text(name) is { } text ? Duration(name, text) : otherwise;

    private static TimeSpan Duration(string name, string text) =>
        TimeSpan.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw new TopologyException($"{Prefix}{name} must be a duration such as 00:01:30; it is {text}.");
}
