using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace LocalStack;

/// <summary>An order that was accepted.</summary>
public sealed record AcceptedOrder(Guid Id, string Status, int Version, OrderAmount Total);

/// <summary>An amount in the currency's minor unit.</summary>
public sealed record OrderAmount(long Amount, string Currency);

/// <summary>How an order stands.</summary>
public sealed record OrderStanding(Guid Id, string Status, string? Reason, int Version);

/// <summary>One step of an order's life.</summary>
public sealed record TimelineEntry(int Version, string Status, string? Reason, DateTimeOffset At);

/// <summary>A customer or an operator at the HTTP API.</summary>
public sealed class Shop : IDisposable
{
    private readonly HttpClient _client;

    /// <summary>Speaks to the API with a key.</summary>
    /// <param name="address">The edge, or the services one by one behind it.</param>
    /// <param name="key">An API key.</param>
    public Shop(Uri address, string key)
    {
        _client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Posts an order and returns whatever is answered.</summary>
    /// <param name="customer">Whose order it is.</param>
    /// <param name="paymentMethod">One of the provider's test tokens.</param>
    /// <param name="idempotencyKey">The submission's key; a new one unless given.</param>
    /// <param name="quantity">How many pieces are ordered.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<HttpResponseMessage> PostOrderAsync(
        string customer,
        string paymentMethod,
        string? idempotencyKey = null,
        int quantity = 2,
        CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("orders", UriKind.Relative))
        {
            Content = JsonContent.Create(new
            {
                customerId = customer,
                currency = "EUR",
                paymentMethod,
                lines = new[] { new { sku = "mug", quantity } },
            }),
        };
        request.Headers.Add("Idempotency-Key", $"\"{idempotencyKey ?? Guid.NewGuid().ToString()}\"");
        return await _client.SendAsync(request, cancellationToken);
    }

    /// <summary>Places an order.</summary>
    /// <exception cref="HttpRequestException">It was not accepted.</exception>
    public async Task<AcceptedOrder> PlaceAsync(
        string customer,
        string paymentMethod = "tok_approve",
        string? idempotencyKey = null,
        CancellationToken cancellationToken = default)
    {
        using var response = await PostOrderAsync(customer, paymentMethod, idempotencyKey, cancellationToken: cancellationToken);
        return await ReadAsync<AcceptedOrder>(response, HttpStatusCode.Accepted, cancellationToken);
    }

    /// <summary>Pays an order with another payment method.</summary>
    /// <exception cref="HttpRequestException">It was not accepted.</exception>
    public async Task PayWithAsync(Guid order, string paymentMethod, CancellationToken cancellationToken = default)
    {
        using var response = await _client.PostAsJsonAsync(new Uri($"orders/{order}/payment", UriKind.Relative), new { paymentMethod }, cancellationToken);
        await EnsureAsync(response, HttpStatusCode.Accepted, cancellationToken);
    }

    /// <summary>How an order stands; null where the caller sees none.</summary>
    public async Task<OrderStanding?> FindAsync(Guid order, CancellationToken cancellationToken = default)
    {
        using var response = await GetAsync($"orders/{order}", cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : await ReadAsync<OrderStanding>(response, HttpStatusCode.OK, cancellationToken);
    }

    /// <summary>What happened to an order so far.</summary>
    public async Task<IReadOnlyList<TimelineEntry>> TimelineAsync(Guid order, CancellationToken cancellationToken = default)
    {
        using var response = await GetAsync($"orders/{order}/timeline", cancellationToken);
        return (await ReadAsync<Items<TimelineEntry>>(response, HttpStatusCode.OK, cancellationToken)).Values;
    }

    /// <summary>Gets a path and returns whatever is answered.</summary>
    public Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancellationToken = default) =>
        _client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);

    /// <summary>Sends a request as it is.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default) =>
        _client.SendAsync(request, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        await EnsureAsync(response, expected, cancellationToken);
        return await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellationToken)
            ?? throw new HttpRequestException("The answer is empty.");
    }

    private static async Task EnsureAsync(HttpResponseMessage response, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        if (response.StatusCode != expected)
        {
            throw new HttpRequestException(
                $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}",
                inner: null,
                response.StatusCode);
        }
    }

    private sealed record Items<T>([property: System.Text.Json.Serialization.JsonPropertyName("items")] IReadOnlyList<T> Values);
}
