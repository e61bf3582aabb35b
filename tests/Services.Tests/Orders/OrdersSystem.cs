using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using RealServers;
using Services.Tests.Hosting;

namespace Services.Tests.Orders;

/// <summary>The Orders service. Payments is played by the test.</summary>
public class OrdersSystem() : ServiceSystem(Routes.Orders, Project)
{
    public const string Project = "services/Orders";

    /// <summary>Too long for any test, unless a fixture shortens it.</summary>
    protected virtual TimeSpan PaymentDeadline => TimeSpan.FromMinutes(15);

    public HttpClient Ada { get; private set; } = null!;

    public HttpClient Grace { get; private set; } = null!;

    public HttpClient Operator { get; private set; } = null!;

    public PlayedPayments Payments { get; private set; } = null!;

    protected override IReadOnlyDictionary<string, TimeSpan> Ttls => new Dictionary<string, TimeSpan> { [Routes.PaymentDeadline.Queue] = PaymentDeadline };

    public override async Task LaunchAsync()
    {
        await base.LaunchAsync();
        Ada = Service.Client("dev-ada");
        Grace = Service.Client("dev-grace");
        Operator = Service.Client("dev-operator");
    }

    protected override async Task OpenSurroundingsAsync() => Payments = Opened(await PlayedPayments.ConnectAsync(AddressOf(Routes.Payments)));

    /// <summary>Places an order of 25 euros for ada.</summary>
    public async Task<Guid> PlaceAsync(string paymentMethod = "tok_approve")
    {
        using var response = await PostAsync(Ada, Body(paymentMethod), Guid.NewGuid().ToString());
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public static string Body(string paymentMethod = "tok_approve", int quantity = 2) =>
        $$"""{"customerId":"ada","currency":"EUR","paymentMethod":"{{paymentMethod}}","lines":[{"sku":"coffee-1kg","quantity":{{quantity}}}]}""";

    public static async Task<HttpResponseMessage> PostAsync(HttpClient caller, string body, string? idempotencyKey)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", $"\"{idempotencyKey}\"");
        return await caller.SendAsync(request);
    }

    public async Task<string> StatusAsync(Guid orderId) =>
        (await Ada.GetFromJsonAsync<JsonElement>($"/orders/{orderId}")).GetProperty("status").GetString()!;

    public Task ReachesAsync(Guid orderId, string status) =>
        Eventually.EqualAsync(status, () => StatusAsync(orderId), $"the status of order {orderId}");

    /// <summary>The order's timeline, one word each.</summary>
    public async Task<string> TimelineAsync(Guid orderId)
    {
        var timeline = await Ada.GetFromJsonAsync<JsonElement>($"/orders/{orderId}/timeline");
        return string.Join(' ', timeline.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("status").GetString()));
    }

    public Task<long> CountAsync(string table) => QueryAsync<long>($"SELECT count(*) FROM {table}");
}
