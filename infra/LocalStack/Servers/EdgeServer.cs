using System.Globalization;

namespace LocalStack;

/// <summary>Where the edge sends requests, and what it lets through.</summary>
public sealed record EdgeRoutes
{
    /// <summary>The replicas of Orders.</summary>
    public required IReadOnlyList<Uri> Orders { get; init; }

    /// <summary>The replicas of Payments.</summary>
    public required IReadOnlyList<Uri> Payments { get; init; }

    /// <summary>The replicas of Notifications.</summary>
    public required IReadOnlyList<Uri> Notifications { get; init; }

    /// <summary>Requests a second that one client may send on the average; 200 unless set.</summary>
    public int Rate { get; init; } = 200;

    /// <summary>Requests that one client may send at once on top; 400 unless set.</summary>
    public int Burst { get; init; } = 400;
}

/// <summary>nginx in front of the services, with the configuration of infra/edge.</summary>
/// <param name="directory">Where its rendered configuration, temporary files and log are.</param>
/// <param name="lifetime">Who ends it if nobody stops it.</param>
public sealed class EdgeServer(string directory, ProcessLifetime lifetime) : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";

    /// <summary>Its port on 127.0.0.1; 0 before the first start.</summary>
    public int Port { get; private set; }

    /// <summary>Its address.</summary>
    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/"));

    /// <summary>Its log: one JSON line for each request, and its own messages.</summary>
    public string Log => Path.Combine(directory, "edge.log");

    /// <summary>The server while it runs.</summary>
    public ServerProcess? Process { get; private set; }

    /// <summary>Starts it, on the same port as before, and waits until it answers.</summary>
    /// <param name="routes">Where requests go.</param>
    /// <param name="preferredPort">The port at the first start where it is free; any other one unless set.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="StackException">It is not installed, or ended while starting; the message ends with its log.</exception>
    public async Task StartAsync(EdgeRoutes routes, int? preferredPort = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(routes);
        if (!File.Exists(Program))
            throw new StackException($"nginx is not installed: there is no {Program} (Debian package nginx).");

        var wanted = Port == 0 ? preferredPort : Port;
        using var port = wanted is { } p ? PortClaim.Prefer(p) : PortClaim.Any();
        Port = port.Port;

        Directory.CreateDirectory(Path.Combine(directory, "temp"));
        await RenderAsync("edge.conf.template", "edge.conf", routes, cancellationToken);
        await RenderAsync("nginx.conf", "nginx.conf", routes, cancellationToken);
        // The worker opens its log itself, as the user it runs as.
        await File.AppendAllTextAsync(Log, "", cancellationToken);
        IReadOnlyList<string> prefix = [];
        if (UnprivilegedUser.InsteadOfRoot("www-data") is { } user)
        {
            await user.OwnAsync(directory, cancellationToken);
            prefix = await user.PrefixAsync(directory, cancellationToken);
        }

        Process = ServerProcess.Start(
            [.. prefix, Program, "-p", directory, "-c", Path.Combine(directory, "nginx.conf"), "-e", "stderr", "-g", "daemon off;"],
            Log,
            lifetime);
        await Readiness.WaitAsync("nginx", Process, Log, AnswersAsync, TimeSpan.FromSeconds(30), cancellationToken);
    }

    /// <summary>Takes over a server that another process started.</summary>
    public void Attach(ServerProcess process, int port) => (Process, Port) = (process, port);

    /// <summary>Stops it; requests under way are cut off.</summary>
    public async Task StopAsync()
    {
        if (Process is { } server)
            await server.StopAsync(TimeSpan.FromSeconds(10));
        Process = null;
    }

    /// <inheritdoc cref="StopAsync" />
    public async ValueTask DisposeAsync() => await StopAsync();

    private Task RenderAsync(string template, string file, EdgeRoutes routes, CancellationToken cancellationToken)
    {
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        var text = Resources.Read($"edge/{template}")
            .Replace("${EDGE_DIRECTORY}", directory, StringComparison.Ordinal)
            .Replace("${EDGE_LISTEN}", $"127.0.0.1:{Text(Port)}", StringComparison.Ordinal)
            .Replace("${EDGE_RATE}", Text(routes.Rate), StringComparison.Ordinal)
            .Replace("${EDGE_BURST}", Text(routes.Burst), StringComparison.Ordinal)
            .Replace("${EDGE_ADDRESS_RATE}", Text(routes.Rate * 5), StringComparison.Ordinal)
            .Replace("${EDGE_ADDRESS_BURST}", Text(routes.Burst * 5), StringComparison.Ordinal)
            .Replace("${ORDERS_SERVERS}", Servers(routes.Orders), StringComparison.Ordinal)
            .Replace("${PAYMENTS_SERVERS}", Servers(routes.Payments), StringComparison.Ordinal)
            .Replace("${NOTIFICATIONS_SERVERS}", Servers(routes.Notifications), StringComparison.Ordinal);
        return File.WriteAllTextAsync(Path.Combine(directory, file), text, cancellationToken);
    }

    private static string Servers(IReadOnlyList<Uri> replicas) => string.Join(' ', replicas.Select(replica =>
        $"server {replica.Host}:{replica.Port.ToString(CultureInfo.InvariantCulture)} max_fails=1 fail_timeout=2s;"));

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var response = await client.GetAsync(new Uri(Address, "health/live"), cancellationToken);
        return response.IsSuccessStatusCode;
    }
}
