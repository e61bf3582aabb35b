using Microsoft.Extensions.Logging;

namespace Hosting;

/// <summary>Puts the order's id on every log line written inside the scope.</summary>
public static class OrderLogScope
{
    /// <summary>Begins the scope; dispose it to end it.</summary>
    public static IDisposable? BeginOrderScope(this ILogger logger, Guid orderId) =>
        logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["OrderId"] = orderId });
}
