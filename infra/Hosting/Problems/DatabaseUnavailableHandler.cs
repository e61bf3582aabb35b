using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Hosting;

/// <summary>A database that cannot be reached is nobody's mistake and passes: 503, and when to try again.</summary>
internal sealed class DatabaseUnavailableHandler(IProblemDetailsService problems, ILogger<DatabaseUnavailableHandler> logger)
    : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!DatabaseOutage.Explains(exception))
            return ValueTask.FromResult(false);

        logger.LogWarning("The database is not available: {Reason}", exception.GetBaseException().Message);
        return ServiceUnavailable.WriteAsync(httpContext, problems, "The database is not available at the moment.");
    }
}
