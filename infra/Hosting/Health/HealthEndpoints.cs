using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
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

    internal static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks(LivePath, Options(_ => false)).AllowAnonymous();
        app.MapHealthChecks(ReadyPath, Options(check => check.Tags.Contains(Ready))).AllowAnonymous();
    }

    private static HealthCheckOptions Options(Func<HealthCheckRegistration, bool> predicate) => new()
    {
        Predicate = predicate,
        ResponseWriter = (context, report) => context.Response.WriteAsJsonAsync(
            new
            {
                status = report.Status.ToString(),
                checks = report.Entries.ToDictionary(
                    entry => entry.Key,
                    entry => new { status = entry.Value.Status.ToString(), description = entry.Value.Description },
                    StringComparer.Ordinal),
            },
            JsonSerializerOptions.Web,
            context.RequestAborted),
    };
}
