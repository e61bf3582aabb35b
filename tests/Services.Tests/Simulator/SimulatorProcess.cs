using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Services.Tests.Simulator;

/// <summary>The payment provider as its own process, so that it can be killed, and its log as tests read it.</summary>
public sealed class SimulatorProcess : IAsyncDisposable
{
    public const string ApiKey = "provider-key-of-the-tests";

    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(60);

    private Process _process;

    private SimulatorProcess(Process process, Uri baseAddress, string logPath)
    {
        _process = process;
        BaseAddress = baseAddress;
        LogPath = logPath;
        Http = new HttpClient { BaseAddress = baseAddress };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
    }

    public Uri BaseAddress { get; }

    public string LogPath { get; }

    /// <summary>Shows the provider's key.</summary>
    public HttpClient Http { get; }

    /// <summary>Starts the provider and waits until it listens.</summary>
    /// <param name="logPath">An earlier process's log; a new one otherwise.</param>
    public static async Task<SimulatorProcess> StartAsync(string? logPath = null)
    {
        logPath ??= NewLogPath();
        var process = Launch(logPath, port: 0);
        return new SimulatorProcess(process, await ListensAsync(process), logPath);
    }

    private static async Task<Uri> ListensAsync(Process process)
    {
        using var bound = new CancellationTokenSource(StartBound);
        const string listening = "Now listening on: ";
        while (await process.StandardOutput.ReadLineAsync(bound.Token) is { } line)
        {
            if (line.IndexOf(listening, StringComparison.Ordinal) is var at and >= 0)
            {
                // Neither pipe may fill up while nobody reads it.
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                return new Uri(line[(at + listening.Length)..]);
            }
        }

        throw new InvalidOperationException($"The provider ended at its start: {await process.StandardError.ReadToEndAsync(bound.Token)}");
    }

    /// <summary>Starts the provider where it must refuse to start.</summary>
    /// <returns>Its exit code and what it said on standard error.</returns>
    public static async Task<(int ExitCode, string Error)> StartAndFailAsync(string logPath)
    {
        using var process = Launch(logPath, port: 0);
        using var bound = new CancellationTokenSource(StartBound);
        _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = await process.StandardError.ReadToEndAsync(bound.Token);
        await process.WaitForExitAsync(bound.Token);
        return (process.ExitCode, error);
    }

    public static string NewLogPath() => Path.Combine(Path.GetTempPath(), "payment-provider", $"{Guid.NewGuid():N}.jsonl");

    /// <summary>Ends the process as a power switch would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Kills the process and starts another in its place, on its port and its log.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        _process.Dispose();
        _process = Launch(LogPath, BaseAddress.Port);
        await ListensAsync(_process);
    }

    /// <summary>The provider's own word on one order.</summary>
    public async Task<IReadOnlyList<ProviderOperation>> OperationsAsync(Guid orderId) =>
        (await Http.GetFromJsonAsync<List<ProviderOperation>>($"v1/orders/{orderId}/operations"))!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        File.Delete(LogPath);
    }

    private static Process Launch(string logPath, int port)
    {
        var start = new ProcessStartInfo("dotnet", [BuiltProgram.Path("infra/PaymentProviderSimulator")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["Simulator__Log"] = logPath,
                ["Simulator__ApiKey"] = ApiKey,
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
                ["ASPNETCORE_ENVIRONMENT"] = "Test",
            },
        };
        return Process.Start(start)!;
    }
}

/// <summary>One line of the provider's log.</summary>
public sealed record ProviderOperation(string? Id, string Kind, string Outcome, string? Reason, long? Amount, string IdempotencyKey, DateTimeOffset At);
