using System.Net;
using Microsoft.Extensions.Configuration;

namespace Hosting;

/// <summary>
/// The verb <c>--health [live|ready]</c>: asks the service that runs beside it over HTTP, and tells by the exit code.
/// It makes a container health check that needs no other program in the image. Programs answer it before they build
/// anything: it runs every few seconds, and building a service costs a second of CPU.
/// </summary>
public static class HealthProbe
{
    private const string Verb = "--health";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether the command line asks for the probe.</summary>
    public static bool IsAsked(string[] args) => args is [Verb, ..];

    /// <summary>Asks the service, which has the same environment variables.</summary>
    /// <returns>The process's exit code: 0 if the answer was 200.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables("ASPNETCORE_").Build();
        var path = args.Contains("live", StringComparer.OrdinalIgnoreCase) ? HealthEndpoints.LivePath : HealthEndpoints.ReadyPath;
        var address = new Uri(OwnAddress(configuration), path);

        using var client = new HttpClient { Timeout = Patience };
        try
        {
            using var response = await client.GetAsync(address);
            await Console.Out.WriteLineAsync(await response.Content.ReadAsStringAsync());
            return response.StatusCode == HttpStatusCode.OK ? 0 : 1;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {exception.Message}");
            return 1;
        }
    }

    /// <summary>The first address that the service is told to listen on, seen from this machine.</summary>
    internal static Uri OwnAddress(IConfiguration configuration)
    {
        var url = configuration["urls"]?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault()
            ?? (configuration["HTTP_PORTS"]?.Split(';', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() is { } port
                ? $"http://localhost:{port}"
                : "http://localhost:5000");

        var wildcardless = url.Replace("//+", "//localhost", StringComparison.Ordinal)
            .Replace("//*", "//localhost", StringComparison.Ordinal)
            .Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal)
            .Replace("//[::]", "//localhost", StringComparison.Ordinal);
        return new Uri(wildcardless);
    }
}
