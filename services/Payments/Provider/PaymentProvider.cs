using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Contracts;
using Payments.Authorization;

namespace Payments.Provider;

/// <summary>
/// The card provider. No method throws because of the provider: what it does or fails to do is the result. Every call that
/// moves money carries a key under which the provider does it once, so each may be repeated.
/// </summary>
public sealed class PaymentProvider(HttpClient http, ProviderResilience resilience)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Reserves an amount on a card.</summary>
    public Task<ProviderResult> AuthorizeAsync(AuthorizationCall call, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post,
        "v1/authorizations",
        call.IdempotencyKey,
        new { call.OrderId, call.Amount.Amount, call.Amount.Currency, call.PaymentMethod },
        cancellationToken);

    /// <summary>Collects what was reserved.</summary>
    public Task<ProviderResult> CaptureAsync(string idempotencyKey, string authorizationId, Money amount, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"v1/authorizations/{authorizationId}/captures", idempotencyKey, new { amount.Amount }, cancellationToken);

    /// <summary>Releases what was reserved.</summary>
    public Task<ProviderResult> VoidAsync(string idempotencyKey, string authorizationId, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"v1/authorizations/{authorizationId}/void", idempotencyKey, body: null, cancellationToken);

    /// <summary>Pays back what was collected.</summary>
    public Task<ProviderResult> RefundAsync(string idempotencyKey, string captureId, Money amount, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"v1/captures/{captureId}/refunds", idempotencyKey, new { amount.Amount }, cancellationToken);

    /// <summary>
    /// Makes sure that the authorization asked for under this key holds nothing, now or when the request still arrives.
    /// Succeeds with its id when there was one, with null otherwise.
    /// </summary>
    public Task<ProviderResult> CancelAuthorizationAsync(string authorizationKey, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"v1/cancellations/{authorizationKey}", idempotencyKey: null, body: null, cancellationToken);

    /// <summary>What a key led to. <see cref="ProviderResult.Refused" /> when the provider has done nothing under it.</summary>
    public Task<ProviderResult> FindAsync(string idempotencyKey, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"v1/operations/{idempotencyKey}", idempotencyKey: null, body: null, cancellationToken);

    private Task<ProviderResult> SendAsync(HttpMethod method, string path, string? idempotencyKey, object? body, CancellationToken cancellationToken) =>
        resilience.ExecuteAsync(
            async token =>
            {
                using var request = new HttpRequestMessage(method, path);
                if (idempotencyKey is not null)
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                if (body is not null)
                    request.Content = JsonContent.Create(body, options: Json);
                using var response = await SendAsync(request, token);
                return await ReadAsync(response, token);
            },
            cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (SocketException exception)
        {
            // HttpClient wraps every failure of a connection but one: it was reset in the moment it was made.
            throw new HttpRequestException(HttpRequestError.ConnectionError, exception.Message, exception);
        }
    }

    private static async Task<ProviderResult> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
            return new ProviderResult.Unreachable($"provider_http_{(int)response.StatusCode}", response.Headers.RetryAfter?.Delta);

        if (!response.IsSuccessStatusCode)
            return new ProviderResult.Refused((await BodyAsync(response, cancellationToken))?.Code ?? $"provider_http_{(int)response.StatusCode}");

        return await BodyAsync(response, cancellationToken) switch
        {
            { Outcome: "succeeded" } done => new ProviderResult.Succeeded(done.Id),
            { Outcome: "declined" } declined => new ProviderResult.Declined(declined.Reason ?? "declined"),
            { Outcome: "refused" } refused => new ProviderResult.Refused(refused.Reason ?? "refused"),
            _ => new ProviderResult.Unreachable("provider_answer_not_understood"),
        };
    }

    /// <summary>Null when it is not what the provider is known to send: a gateway's page, or half an answer.</summary>
    private static async Task<ProviderBody?> BodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<ProviderBody>(Json, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record ProviderBody(string? Id, string? Outcome, string? Reason, string? Code);
}
