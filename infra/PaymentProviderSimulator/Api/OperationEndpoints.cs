using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using PaymentProviderSimulator.Operations;

namespace PaymentProviderSimulator.Api;

/// <summary>The provider's HTTP API.</summary>
public static class OperationEndpoints
{
    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/v1").AddEndpointFilter<ApiKeyFilter>();

        api.MapPost("/authorizations", (AuthorizationBody body, IdempotencyKey key, CardProvider provider, CancellationToken callerGone) =>
            ExecuteAsync(provider, key, new OperationRequest(OperationKind.Authorization, null, body.OrderId, body.Amount, body.Currency, body.PaymentMethod), callerGone));

        api.MapPost("/authorizations/{id}/captures", (string id, AmountBody body, IdempotencyKey key, CardProvider provider, CancellationToken callerGone) =>
            ExecuteAsync(provider, key, new OperationRequest(OperationKind.Capture, id, Amount: body.Amount), callerGone));

        api.MapPost("/authorizations/{id}/void", (string id, IdempotencyKey key, CardProvider provider, CancellationToken callerGone) =>
            ExecuteAsync(provider, key, new OperationRequest(OperationKind.Void, id), callerGone));

        api.MapPost("/captures/{id}/refunds", (string id, AmountBody body, IdempotencyKey key, CardProvider provider, CancellationToken callerGone) =>
            ExecuteAsync(provider, key, new OperationRequest(OperationKind.Refund, id, Amount: body.Amount), callerGone));

        // Naming the authorization by its key makes this idempotent without a key of its own.
        api.MapPut("/cancellations/{authorizationKey}", (string authorizationKey, CardProvider provider, CancellationToken callerGone) =>
            ExecuteAsync(provider, new IdempotencyKey(authorizationKey), new OperationRequest(OperationKind.Cancellation, authorizationKey), callerGone));

        api.MapGet("/operations/{idempotencyKey}", async Task<Results<Ok<OperationView>, ProblemHttpResult>> (string idempotencyKey, CardProvider provider) =>
            await provider.FindAsync(idempotencyKey) is { } entry
                ? TypedResults.Ok(OperationView.Of(entry))
                : Problems.Create(StatusCodes.Status404NotFound, "unknown_operation", "No operation was carried out under this idempotency key."));

        api.MapGet("/operations", async ([Range(0, long.MaxValue)] long? after, [Range(1, 1000)] int? limit, CardProvider provider) =>
            TypedResults.Ok((await provider.AfterAsync(after ?? 0, limit ?? 100)).Select(OperationView.Of)));

        api.MapGet("/orders/{orderId:guid}/operations", async (Guid orderId, CardProvider provider) =>
            TypedResults.Ok((await provider.ForOrderAsync(orderId)).Select(OperationView.Of)));
    }

    private static async Task<Results<Created<OperationView>, ProblemHttpResult>> ExecuteAsync(
        CardProvider provider,
        IdempotencyKey key,
        OperationRequest request,
        CancellationToken callerGone)
    {
        try
        {
            var answer = await provider.ExecuteAsync(key.Value, request);
            await answer.TravelAsync(callerGone);
            return answer.Entry!.Outcome switch
            {
                OperationOutcome.Error => Problems.Create(StatusCodes.Status503ServiceUnavailable, "provider_error", "The provider has a bad moment; try again."),
                OperationOutcome.Refused => Problems.Create(StatusCodes.Status409Conflict, answer.Entry.Reason!, "The state of the payment does not allow this."),
                _ => TypedResults.Created((string?)null, OperationView.Of(answer.Entry)),
            };
        }
        catch (OperationRejectedException rejected)
        {
            return Problems.Create(rejected.StatusCode, rejected.Code, rejected.Message);
        }
    }
}

/// <summary>Problem details with a code for programs.</summary>
internal static class Problems
{
    public static ProblemHttpResult Create(int statusCode, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: statusCode, extensions: new Dictionary<string, object?> { ["code"] = code });
}
