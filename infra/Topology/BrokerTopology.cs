using Contracts;

namespace Topology;

/// <summary>Everything that a routing table asks of the broker: printed, applied, compared, removed.</summary>
public sealed class BrokerTopology
{
    private readonly TopologyOptions _options;
    private readonly IReadOnlyList<Service> _services;

    private BrokerTopology(RoutingTable table, TopologyOptions options)
    {
        _options = options;
        _services = table.Services;
        Links = LinkRenderer.LinksOf(table, options);
        Definitions = new TopologyRenderer(table, options).Render(Links);
    }

    /// <summary>What the broker must hold.</summary>
    public Definitions Definitions { get; }

    /// <summary>The ways between virtual hosts.</summary>
    public IReadOnlyList<Link> Links { get; }

    private IReadOnlyCollection<string> VirtualHosts => [.. Definitions.Vhosts.Select(vhost => vhost.Name)];

    /// <summary>Renders the routing table of the contracts.</summary>
    /// <param name="options">Names, passwords and settings; by default those of development.</param>
    public static BrokerTopology From(TopologyOptions? options = null) => From(RoutingTable.OfContracts, options);

    /// <summary>Renders a routing table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="options">Names, passwords and settings; by default those of development.</param>
    public static BrokerTopology From(RoutingTable table, TopologyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new BrokerTopology(table, options ?? new TopologyOptions());
    }

    /// <summary>What a service signs in with: its own user in its own virtual host.</summary>
    /// <param name="service">A service of the routing table.</param>
    /// <param name="broker">The broker as the service reaches it; by default as the shovels do.</param>
    public Uri AddressOf(Service service, Uri? broker = null)
    {
        if (!_services.Contains(service))
            throw new ArgumentException($"No route begins or ends at {service}.", nameof(service));
        var name = _options.VirtualHostOf(service);
        return AmqpAddress.Of(broker ?? _options.Broker, name, _options.PasswordOf(service), name);
    }

    /// <summary>Compares the broker with what it must hold.</summary>
    /// <returns>The steps that <see cref="ApplyAsync" /> would take, one line each; none when they agree.</returns>
    /// <exception cref="TopologyException">The broker cannot be read, or holds something in a form that cannot be changed.</exception>
    public async Task<IReadOnlyList<Step>> DiffAsync(ManagementApi broker, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(broker);
        var current = await broker.ReadAsync(VirtualHosts, cancellationToken);
        var shovels = await broker.ReadShovelsAsync(VirtualHosts, cancellationToken);
        return new Planner(WithRightsOf(broker.Administrator), Links, _options).Plan(current, shovels);
    }

    /// <summary>Brings the broker to what it must hold, and waits until every link moves messages.</summary>
    /// <param name="broker">The broker, as an administrator.</param>
    /// <param name="progress">Hears each step once it is taken.</param>
    /// <param name="cancellationToken">Ends it between two steps; applying again goes on from there.</param>
    /// <returns>The steps taken; none when nothing was to be changed.</returns>
    /// <exception cref="TopologyException">A step was refused, or a link moves nothing; the message names it and says why.</exception>
    public async Task<IReadOnlyList<Step>> ApplyAsync(
        ManagementApi broker,
        Action<Step>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var steps = await DiffAsync(broker, cancellationToken);
        if (steps.Any(step => step is Remove { Current: User user } && user.Name == broker.Administrator))
            throw new TopologyException($"{broker.Administrator} is to be removed and cannot be the one that applies: sign in as another administrator.");

        foreach (var step in steps)
        {
            await step.RunAsync(broker, cancellationToken);
            progress?.Invoke(step);
        }

        await WaitForLinksAsync(broker, cancellationToken);
        return steps;
    }

    /// <summary>Removes virtual hosts, with all that is in them, and users.</summary>
    public async Task RemoveAsync(ManagementApi broker, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(broker);
        foreach (var vhost in Definitions.Vhosts)
            await broker.DeleteAsync(vhost, cancellationToken);
        foreach (var user in Definitions.Users)
            await broker.DeleteAsync(user, cancellationToken);
    }

    /// <summary>Waits until a message has crossed every link.</summary>
    /// <exception cref="TopologyException">A link moves nothing; the message names each and says why.</exception>
    public async Task WaitForLinksAsync(ManagementApi broker, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(broker);
        var moves = await Task.WhenAll(
            Links.Select(link => new LinkMovement(broker, link).IsSeenWithinAsync(_options.LinkTimeout, cancellationToken)));
        if (moves.All(moved => moved))
            return;

        var diagnosis = new LinkDiagnosis(
            Definitions,
            await broker.ReadAsync(VirtualHosts, cancellationToken),
            await broker.ReadShovelsAsync(VirtualHosts, cancellationToken));
        var complaints = new List<string>();
        foreach (var (link, moved) in Links.Zip(moves))
            if (!moved)
            {
                var queue = await broker.ReadQueueAsync(link.SourceVirtualHost, link.Queue, cancellationToken);
                complaints.Add($"{link} moves nothing: {diagnosis.WhyNothingMoves(link, queue)}");
            }

        throw new TopologyException(string.Join(Environment.NewLine, complaints));
    }

    /// <summary>
    /// Being an administrator is not enough to see shovels or declare queues. The creator of a virtual host has these rights
    /// by itself, an importer of definitions has not.
    /// </summary>
    private Definitions WithRightsOf(string administrator) => Definitions with
    {
        Permissions =
        [
            .. Definitions.Permissions,
            .. VirtualHosts.Select(virtualHost => new Permission(administrator, virtualHost, ".*", ".*", ".*")),
        ],
    };
}
