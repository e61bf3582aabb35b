using System.Linq.Expressions;
using Hosting;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging;

/// <summary>Puts the id of the order that a message is about on every log line written while it is consumed.</summary>
internal sealed class OrderLogFilter<T>(ILogger<OrderLogFilter<T>> logger) : IFilter<ConsumeContext<T>>
    where T : class
{
    // Every message of an order's life names it OrderId.
    private static readonly Func<T, Guid>? OrderId = Getter();

    public async Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
    {
        using var scope = OrderId is null ? null : logger.BeginOrderScope(OrderId(context.Message));
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("orderLog");

    private static Func<T, Guid>? Getter()
    {
        if (typeof(T).GetProperty("OrderId") is not { } property || property.PropertyType != typeof(Guid))
            return null;

        var message = Expression.Parameter(typeof(T));
        return Expression.Lambda<Func<T, Guid>>(Expression.Property(message, property), message).Compile();
    }
}
