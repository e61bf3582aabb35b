using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using Hosting;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orders.Database;
using Orders.Lifecycle;

namespace Orders.Submission;

internal static class PlaceOrderEndpoint
{
    public static void MapPlaceOrder(this IEndpointRouteBuilder orders) => orders
        .MapPost("/", PlaceAsync)
        .WithSummary("Places an order. Repeating it under the same Idempotency-Key places it once.")
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status403Forbidden)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<Results<Accepted<OrderAccepted>, ProblemHttpResult>> PlaceAsync(
        PlaceOrder request,
        [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey,
        ClaimsPrincipal caller,
        HttpResponse response,
        OrdersDbContext database,
        PriceList prices,
        IPublishEndpoint bus,
        TimeProvider time,
        ILogger<PlaceOrder> logger,
        CancellationToken cancellationToken)
    {
        if (!IdempotencyKey.TryParse(idempotencyKey, out var key))
            return Problem(StatusCodes.Status400BadRequest, $"The header {IdempotencyKey.Header} {IdempotencyKey.Rule}.");

        var violations = PlaceOrderRules.Check(request);
        if (violations.Any)
            return violations.AsProblem();

        if (!caller.MayActFor(request.CustomerId))
            return Problem(StatusCodes.Status403Forbidden, "customerId must be the customer that the API key acts for.");

        var fingerprint = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request));

        await using var submission = await Submission.BeginAsync(database, caller, key, cancellationToken);
        if (!submission.IsMine)
        {
            response.Headers.RetryAfter = "1";
            return Problem(StatusCodes.Status409Conflict, "A request with this idempotency key is being processed; repeat it to get its outcome.");
        }

        if (await submission.FindReceiptAsync(cancellationToken) is { } receipt)
        {
            return receipt.Fingerprint.AsSpan().SequenceEqual(fingerprint)
                ? Accepted(JsonSerializer.Deserialize<OrderAccepted>(receipt.Response)!)
                : Problem(StatusCodes.Status422UnprocessableEntity, "This idempotency key was used for another order; a new order needs a new key.");
        }

        (var lines, violations) = await prices.PriceAsync(request, cancellationToken);
        if (violations.Any)
            return violations.AsProblem();

        var now = time.GetUtcNow();
        var order = OrderState.Submit(Guid.CreateVersion7(now), request.CustomerId, request.Currency, lines, request.PaymentMethod, now);
        var accepted = new OrderAccepted(order.CorrelationId, order.Status, order.Version, order.Total);

        database.Orders.Add(order);
        submission.AddReceipt(fingerprint, order.CorrelationId, JsonSerializer.Serialize(accepted), now);
        await bus.Publish(order.OrderSubmitted(), cancellationToken);
        await submission.CommitAsync(cancellationToken);

        using (logger.BeginOrderScope(order.CorrelationId))
            logger.LogInformation("The order is {Status}, version {Version}", order.Status, order.Version);

        return Accepted(accepted);
    }

    private static Accepted<OrderAccepted> Accepted(OrderAccepted order) => TypedResults.Accepted($"/orders/{order.Id}", order);

    private static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);
}
