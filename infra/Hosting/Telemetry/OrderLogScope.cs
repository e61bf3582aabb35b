using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hosting;

/// <summary>Puts the order's id on every log line written inside the scope.</summary>
public static class OrderLogScope
{
    /// <summary>Begins the scope; dispose it to end it.</summary>
    public static IDisposable? BeginOrderScope(this ILogger logger, Guid orderId) =>
        logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["OrderId"] = orderId });

    /// <summary>Begins the scope around every request to these endpoints that names an order in its route.</summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="parameter">The route parameter that holds the order's id.</param>
    public static TBuilder WithOrderLogScope<TBuilder>(this TBuilder endpoints, string parameter = "id")
        where TBuilder : IEndpointConventionBuilder => endpoints.AddEndpointFilter(async (context, next) =>
    {
        var request = context.HttpContext;
        using var scope = Guid.TryParse(request.GetRouteValue(parameter) as string, out var orderId)
            ? request.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Hosting.Requests").BeginOrderScope(orderId)
            : null;
        return await next(context);
    });
}
