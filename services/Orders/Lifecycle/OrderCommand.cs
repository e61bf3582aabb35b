using System.Security.Claims;
using Hosting;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Orders.Database;

namespace Orders.Lifecycle;

/// <summary>Passes a caller's wish on to the state machine.</summary>
internal readonly record struct OrderCommand(OrdersDbContext Database, OrderStateMachine Machine, IPublishEndpoint Bus)
{
    /// <summary>
    /// 404 for an order that is not the caller's, 409 when its state does not take the event. Both are as of now: the order
    /// may move on before the event arrives, and the state machine has the last word.
    /// </summary>
    public async Task<Results<Accepted, NotFound, ProblemHttpResult>> AskAsync<T>(
        Guid id, ClaimsPrincipal caller, Func<OrderStateMachine, Event<T>> next, T message, CancellationToken cancellationToken)
        where T : class
    {
        var order = await Database.Orders.AsNoTracking()
            .Where(order => order.CorrelationId == id)
            .Select(order => new { order.CustomerId, order.Status })
            .SingleOrDefaultAsync(cancellationToken);

        if (order is null || !caller.MayActFor(order.CustomerId))
            return TypedResults.NotFound();

        if (!Machine.Accepts(order.Status, next(Machine)))
        {
            return TypedResults.Problem(
                $"The order is {order.Status}, and {next(Machine).Name} does not apply to that.",
                statusCode: StatusCodes.Status409Conflict);
        }

        await Bus.Publish(message, cancellationToken);
        await Database.SaveChangesAsync(cancellationToken);
        return TypedResults.Accepted($"/orders/{id}");
    }
}
