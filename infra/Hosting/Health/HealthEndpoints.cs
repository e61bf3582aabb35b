using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Hosting;

/// <summary>
/// <c>/health/live</c>: the process answers, so restarting it would not help.
/// <c>/health/ready</c>: it can do its work; each check says what is missing.
/// </summary>
public static class HealthEndpoints
{
    /// <summary>The tag of checks that count for <c>/health/ready</c>.</summary>
    public const string Ready = "ready";

    internal const string LivePath = "/health/live";
    internal const string ReadyPath = "/health/ready";

    // The framework's own MapHealthChecks builds every check, and with it the bus, before the settings have been validated.
    internal static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("").AllowAnonymous().WithTags("Health");
        health.MapGet(LivePath, () => TypedResults.Ok(new HealthAnswer(nameof(HealthStatus.Healthy), new Dictionary<string, CheckAnswer>())));
        health.MapGet(ReadyPath, AnswerReadyAsync);
    }

    private static async Task<JsonHttpResult<HealthAnswer>> AnswerReadyAsync(HealthCheckService health, CancellationToken cancellationToken)
    {
        var report = await health.CheckHealthAsync(check => check.Tags.Contains(Ready), cancellationToken);
        var answer = new HealthAnswer(
            report.Status.ToString(),
            report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new CheckAnswer(entry.Value.Status.ToString(), entry.Value.Description)));

        return TypedResults.Json(
            answer,
            statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private sealed record HealthAnswer(string Status, IReadOnlyDictionary<string, CheckAnswer> Checks);

    private sealed record CheckAnswer(string Status, string? Description);
}
