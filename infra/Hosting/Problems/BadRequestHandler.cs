using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

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
                ? new HttpValidationProblemDetails(JsonMistake.Errors(json)) { Status = bad.StatusCode, Title = "The body is not what this operation takes." }
                : new ProblemDetails { Status = bad.StatusCode, Detail = bad.Message },
        });
    }
}
