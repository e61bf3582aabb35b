using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Hosting;

/// <summary>Turns what the framework could not read into a 4xx problem that names the member and the rule.</summary>
internal sealed class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
            return ValueTask.FromResult(false);

        httpContext.Response.StatusCode = bad.StatusCode;

        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = bad.InnerException is JsonException json
                ? new HttpValidationProblemDetails(Errors(json)) { Status = bad.StatusCode, Title = "The body is not what this operation takes." }
                : new Microsoft.AspNetCore.Mvc.ProblemDetails { Status = bad.StatusCode, Detail = bad.Message },
        });
    }

    private static Dictionary<string, string[]> Errors(JsonException json) =>
        new(StringComparer.Ordinal) { [json.Path ?? "$"] = [Rule(json)] };

    // The runtime appends its own position ("Path: … | LineNumber: …"), which the member's name already says better.
    private static string Rule(JsonException json)
    {
        var position = json.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        return position < 0 ? json.Message : json.Message[..position];
    }
}
