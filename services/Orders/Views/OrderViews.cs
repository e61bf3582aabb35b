using System.Security.Claims;
using Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Orders.Database;

namespace Orders.Views;

internal static class OrderViews
{
    public static void MapOrderViews(this IEndpointRouteBuilder orders)
    {
        orders.MapGet("/{id:guid}", GetAsync).WithSummary("How an order stands.").ProducesProblem(StatusCodes.Status404NotFound);
        orders.MapGet("/{id:guid}/timeline", TimelineAsync).WithSummary("What has happened to an order.").ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Ok<OrderView>, NotFound>> GetAsync(
        Guid id, ClaimsPrincipal caller, OrdersDbContext database, CancellationToken cancellationToken)
    {
        var order = await database.Orders.AsNoTracking().SingleOrDefaultAsync(order => order.CorrelationId == id, cancellationToken);

        // Whether someone else's order exists is nobody's business.
        return order is not null && caller.MayActFor(order.CustomerId)
            ? TypedResults.Ok(OrderView.Of(order))
            : TypedResults.NotFound();
    }

    private static async Task<Results<Ok<Page<TimelineItem>>, NotFound>> TimelineAsync(
        Guid id, ClaimsPrincipal caller, OrdersDbContext database, CancellationToken cancellationToken)
    {
        var order = await database.Orders.AsNoTracking()
            .Where(order => order.CorrelationId == id)
            .Select(order => new
            {
                order.CustomerId,
                Timeline = order.Journal
                    .OrderBy(entry => entry.Version)
                    .Select(entry => new TimelineItem(entry.Version, entry.Status, entry.Reason, entry.At))
                    .ToList(),
            })
            .SingleOrDefaultAsync(cancellationToken);

        return order is not null && caller.MayActFor(order.CustomerId)
            ? TypedResults.Ok(new Page<TimelineItem>(order.Timeline))
            : TypedResults.NotFound();
    }
}
