using System.Security.Claims;
using Contracts.Orders;
using Hosting;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Orders.Database;
using Orders.Submission;

namespace Orders.Lifecycle;

/// <summary>What a customer or an operator may ask of an order. The state machine decides; here only the hopeless is turned away.</summary>
internal static class OrderCommands
{
    public static void MapOrderCommands(this IEndpointRouteBuilder orders)
    {
        orders.MapPost("/{id:guid}/cancel", CancelAsync)
            .WithSummary("Cancels an order; what was paid is given back.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

        orders.MapPost("/{id:guid}/payment", UsePaymentMethodAsync)
            .WithSummary("Pays an order whose payment was declined with another payment method.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

        orders.MapPost("/{id:guid}/resume", ResumeAsync)
            .RequireAuthorization(ApiRoles.Operator)
            .WithSummary("Tries the step again that left an order needing attention.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static Task<Results<Accepted, NotFound, ProblemHttpResult>> CancelAsync(
        Guid id, ClaimsPrincipal caller, [AsParameters] OrderCommand command, CancellationToken cancellationToken)
    {
        var reason = caller.CustomerId() is null ? "Cancelled by an operator" : "Cancelled by the customer";
        return command.AskAsync(id, caller, machine => machine.CancelOrder, new CancelOrder { OrderId = id, Reason = reason }, cancellationToken);
    }

    private static async Task<Results<Accepted, NotFound, ProblemHttpResult>> UsePaymentMethodAsync(
        Guid id, NewPaymentMethod request, ClaimsPrincipal caller, [AsParameters] OrderCommand command, CancellationToken cancellationToken)
    {
        if (!PaymentMethodToken.IsValid(request.PaymentMethod))
        {
            var violations = new Violations();
            violations.Add("paymentMethod", PaymentMethodToken.Rule);
            return violations.AsProblem();
        }

        return await command.AskAsync(
            id,
            caller,
            machine => machine.UsePaymentMethod,
            new UsePaymentMethod { OrderId = id, PaymentMethod = request.PaymentMethod },
            cancellationToken);
    }

    private static Task<Results<Accepted, NotFound, ProblemHttpResult>> ResumeAsync(
        Guid id, ClaimsPrincipal caller, [AsParameters] OrderCommand command, CancellationToken cancellationToken) =>
        command.AskAsync(id, caller, machine => machine.ResumeOrder, new ResumeOrder { OrderId = id }, cancellationToken);
}

/// <summary>The body of POST /orders/{id}/payment.</summary>
public sealed record NewPaymentMethod
{
    /// <summary>The payment provider's token for the customer's card (<c>tok_…</c>); never card data.</summary>
    public required string PaymentMethod { get; init; }
}
