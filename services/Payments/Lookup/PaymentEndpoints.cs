using System.Security.Claims;
using Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Payments.Database;
using Payments.Operations;

namespace Payments.Lookup;

internal static class PaymentEndpoints
{
    public static void MapPayments(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/payments/{orderId:guid}", GetAsync)
            .RequireAuthorization(ApiRoles.Customer)
            .WithTags("Payments")
            .WithSummary("Shows the payment of an order: what is held, every attempt, and what was posted to the ledger.");

    private static async Task<Results<Ok<PaymentView>, NotFound>> GetAsync(
        Guid orderId,
        ClaimsPrincipal caller,
        PaymentsDbContext database,
        CancellationToken cancellationToken)
    {
        var payment = await database.Payments
            .AsNoTracking()
            .AsSplitQuery()
            .Include(payment => payment.Attempts)
            .Include(payment => payment.LedgerEntries)
            .SingleOrDefaultAsync(payment => payment.OrderId == orderId, cancellationToken);

        return payment is not null && MayBeSeenBy(caller, payment)
            ? TypedResults.Ok(PaymentView.Of(payment))
            : TypedResults.NotFound();
    }

    // As long as no command has named the customer, nobody but operators can be the right one.
    private static bool MayBeSeenBy(ClaimsPrincipal caller, Payment payment) =>
        payment.CustomerId is { } customerId ? caller.MayActFor(customerId) : caller.IsInRole(ApiRoles.Operator);
}
