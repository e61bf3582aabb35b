using System.Globalization;

namespace LocalStack;

/// <summary>A program of this repository that serves HTTP, run from its build output: a service or the provider simulator.</summary>
/// <param name="name">Its name, as in messages and in the log's file name.</param>
/// <param name="assembly">The path of its assembly, asked for when it is first needed.</param>
/// <param name="log">The file that its log is appended to.</param>
/// <param name="lifetime">Who ends it if nobody stops it.</param>
/// <param name="environment">Its settings, asked for at each start.</param>
public sealed class DotnetProgram(
    string name,
    Lazy<string> assembly,
    string log,
    ProcessLifetime lifetime,
    Func<IReadOnlyDictionary<string, string?>> environment) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    // Held until the program listens, so that nobody else starts on its port meanwhile.
    private PortClaim? _claim;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Its port on 127.0.0.1; 0 before the first start.</summary>
    public int Port { get; private set; }

    /// <summary>Its address.</summary>
    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/"));

    /// <summary>Its log.</summary>
    public string Log => log;

    /// <summary>The process while it runs.</summary>
    public ServerProcess? Process { get; private set; }

    /// <summary>Runs it with a verb such as "migrate" to its end.</summary>
    /// <exception cref="StackException">It failed; the message holds what it said.</exception>
    public async Task RunToEndAsync(string verb, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        try
        {
            var output = await Command.RunAsync(["dotnet", assembly.Value, verb], patience.Token, Settings(), Path.GetDirectoryName(assembly.Value));
            await File.AppendAllTextAsync(log, output, cancellationToken);
        }
        catch (OperationCanceledException tooLong) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StackException($"'{name} {verb}' does not end within {Patience.TotalMinutes:0} minutes.", tooLong);
        }
    }

    /// <summary>Starts it, on the same port as before, and does not wait for anything.</summary>
    /// <param name="preferredPort">The port at the first start where it is free; any other one unless set.</param>
    public void Start(int? preferredPort = null)
    {
        if (!File.Exists(assembly.Value))
            throw new StackException($"{name} is not built: there is no {assembly.Value}.");

        // A program that comes back keeps its port: the edge and others were told of it.
        if (Port == 0)
        {
            _claim = preferredPort is { } wanted ? PortClaim.Prefer(wanted) : PortClaim.Any();
            Port = _claim.Port;
        }

        Process = ServerProcess.Start(["dotnet", assembly.Value], log, lifetime, Settings(), Path.GetDirectoryName(assembly.Value));
    }

    /// <summary>Waits until it says that it is ready.</summary>
    /// <exception cref="StackException">It ended instead, or took longer than two minutes; the message ends with its log.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken = default)
    {
        var process = Process ?? throw new InvalidOperationException($"{name} is not started.");
        await Readiness.WaitAsync(name, process, log, IsReadyAsync, Patience, cancellationToken);
        _claim?.Dispose();
        _claim = null;
    }

    /// <summary>Whether it says that it is ready; fails where it does not even answer.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        using var response = await Client.GetAsync(new Uri(Address, "health/ready"), cancellationToken);
        return response.IsSuccessStatusCode;
    }

    /// <summary>Stops it in good order.</summary>
    public async Task StopAsync()
    {
        if (Process is { } running)
            await running.StopAsync(TimeSpan.FromSeconds(40));
        Ended();
    }

    /// <summary>Kills it at once.</summary>
    public async Task KillAsync()
    {
        if (Process is { } running)
            await running.KillAsync();
        Ended();
    }

    /// <summary>Takes over a process that another one started.</summary>
    public void Attach(ServerProcess process, int port) => (Process, Port) = (process, port);

    /// <inheritdoc cref="StopAsync" />
    public async ValueTask DisposeAsync() => await StopAsync();

    private void Ended()
    {
        Process = null;
        _claim?.Dispose();
        _claim = null;
    }

    private Dictionary<string, string?> Settings() => new(environment())
    {
        ["ASPNETCORE_URLS"] = Address.OriginalString.TrimEnd('/'),
        // What the launcher's own shell has set is for the launcher.
        ["ASPNETCORE_HTTP_PORTS"] = null,
        ["DOTNET_ENVIRONMENT"] = null,
    };
}
