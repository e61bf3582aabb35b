using System.Diagnostics;
using System.Net.Http.Headers;
using LocalStack;
using RealServers;
using Services.Tests.Simulator;

namespace Services.Tests.Hosting;

/// <summary>A service as its users run it: a process of its own, configured by environment variables.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(60);

    private readonly ServerProcess _process;
    private readonly PortClaim _port;
    private readonly string _directory;

    private ServiceProcess(ServerProcess process, PortClaim port, string directory)
    {
        _process = process;
        _port = port;
        _directory = directory;
        BaseAddress = AddressOf(port);
    }

    public Uri BaseAddress { get; }

    /// <summary>What it has written so far.</summary>
    public string Log => File.ReadAllText(LogOf(_directory));

    public bool IsRunning => _process.IsRunning;

    /// <summary>Starts a service and waits for nothing.</summary>
    /// <param name="project">The project's directory, from the repository's root.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="arguments">The program's arguments.</param>
    public static ServiceProcess Launch(string project, IReadOnlyDictionary<string, string?> settings, params string[] arguments)
    {
        var directory = Directory.CreateTempSubdirectory("service-").FullName;
        var port = PortClaim.Any();
        var environment = new Dictionary<string, string?>(settings) { ["ASPNETCORE_URLS"] = AddressOf(port).ToString() };
        return new ServiceProcess(
            ServerProcess.Start(["dotnet", BuiltProgram.Path(project), .. arguments], LogOf(directory), ProcessLifetime.Owner, environment),
            port,
            directory);
    }

    /// <summary>Starts a service and waits until it answers on HTTP, ready or not.</summary>
    /// <inheritdoc cref="Launch" />
    public static async Task<ServiceProcess> StartAsync(string project, IReadOnlyDictionary<string, string?> settings, params string[] arguments)
    {
        var service = Launch(project, settings, arguments);
        using var http = service.Client(key: null);
        await Eventually.TrueAsync(
            async () => service.IsRunning
                ? await AnswersAsync(http)
                : throw new InvalidOperationException($"{project} ended at its start: {service.Log}"),
            $"{project} answers on HTTP",
            StartBound);
        return service;
    }

    /// <summary>Runs a verb of a service, or a start that must fail, to its end.</summary>
    /// <returns>The exit code, and what it wrote on standard output and standard error.</returns>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string project, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> settings)
    {
        var start = new ProcessStartInfo("dotnet", [BuiltProgram.Path(project), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        using var bound = new CancellationTokenSource(StartBound);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(bound.Token);
            var error = process.StandardError.ReadToEndAsync(bound.Token);
            await process.WaitForExitAsync(bound.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>A client that shows an API key, or none.</summary>
    public HttpClient Client(string? key)
    {
        var client = new HttpClient { BaseAddress = BaseAddress, Timeout = StartBound };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Waits until it says that it is ready.</summary>
    public async Task ReadyAsync()
    {
        using var http = Client(key: null);
        await Eventually.TrueAsync(async () => (await http.GetAsync("/health/ready")).IsSuccessStatusCode, $"the service is ready; its log: {Log}");
    }

    /// <summary>Ends it as a power switch would.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Asks it to end.</summary>
    /// <returns>Whether it did so by itself.</returns>
    public Task<bool> StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _port.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static Uri AddressOf(PortClaim port) => new($"http://127.0.0.1:{port.Port}");

    private static string LogOf(string directory) => Path.Combine(directory, "service.log");

    private static async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync("/health/live");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
