using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Hosting;

internal static class ServiceUnavailable
{
    private const string RetryAfterSeconds = "5";

    public static ValueTask<bool> WriteAsync(HttpContext context, IProblemDetailsService problems, string detail)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = RetryAfterSeconds;
        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails = new ProblemDetails { Status = StatusCodes.Status503ServiceUnavailable, Detail = detail },
        });
    }
}
