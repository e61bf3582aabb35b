using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using RealServers;
using Services.Tests.Hosting;
using Shouldly;

namespace Services.Tests.Orders;

public sealed class IdempotencyTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    [Fact]
    public async Task An_order_without_an_idempotency_key_is_refused()
    {
        using var response = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), idempotencyKey: null);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).ShouldContain("Idempotency-Key");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"\"")]
    [InlineData("\"unfinished")]
    [InlineData("\"caf\u00e9\"")]
    [InlineData("two words")]
    public async Task A_key_that_is_no_quoted_string_is_refused(string header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = new StringContent(OrdersSystem.Body(), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", header);
        using var client = new HttpClient(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.Latin1 });
        client.BaseAddress = orders.Service.BaseAddress;
        client.DefaultRequestHeaders.Authorization = new("Bearer", "dev-ada");

        using var response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_repeat_gets_the_stored_response_even_when_the_order_has_moved_on()
    {
        var key = Guid.NewGuid().ToString();
        using var first = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key);
        var body = await first.Content.ReadAsStringAsync();
        var id = JsonDocument.Parse(body).RootElement.GetProperty("id").GetGuid();
        await orders.Payments.AskedToAsync("authorize-payment", id);
        await orders.Payments.AuthorizedAsync(id);
        await orders.ReachesAsync(id, "Confirmed");

        using var second = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key);

        first.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        second.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await second.Content.ReadAsStringAsync()).ShouldBe(body);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        first.Headers.Location!.ToString().ShouldBe($"/orders/{id}");
    }

    [Fact]
    public async Task The_same_order_in_other_words_is_a_repeat_and_another_order_is_422()
    {
        var key = Guid.NewGuid().ToString();
        using var first = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(quantity: 2), key);
        using var respaced = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(quantity: 2).Replace(",", " ,\n"), key);
        using var other = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(quantity: 3), key);

        respaced.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await other.Content.ReadAsStringAsync()).ShouldContain("idempotency key");
    }

    [Fact]
    public async Task The_same_key_of_another_caller_is_another_key()
    {
        var key = Guid.NewGuid().ToString();
        using var adas = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key);
        using var graces = await OrdersSystem.PostAsync(orders.Grace, OrdersSystem.Body().Replace("\"ada\"", "\"grace\""), key);

        graces.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        graces.Headers.Location.ShouldNotBe(adas.Headers.Location);
    }

    [Fact]
    public async Task A_refused_order_does_not_use_up_its_key()
    {
        var key = Guid.NewGuid().ToString();
        using var refused = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(quantity: 0), key);
        using var corrected = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(quantity: 1), key);

        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        corrected.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Fifty_at_once_under_one_key_are_one_order()
    {
        var key = Guid.NewGuid().ToString();

        var responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ =>
            OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(paymentMethod: "tok_fifty"), key)));

        var accepted = responses.Where(response => response.StatusCode == HttpStatusCode.Accepted).ToList();
        accepted.ShouldNotBeEmpty();
        responses.Except(accepted).ShouldAllBe(response => response.StatusCode == HttpStatusCode.Conflict);
        accepted.Select(response => response.Headers.Location).Distinct().ShouldHaveSingleItem();
        (await ReceiptsAsync(key)).ShouldBe(1);
        (await OrdersPaidWithAsync("tok_fifty")).ShouldBe(1);
    }

    [Fact]
    public async Task While_the_first_is_in_flight_its_twin_is_told_so_and_does_not_wait()
    {
        var key = Guid.NewGuid().ToString();
        await using var inFlight = await orders.Database.OpenConnectionAsync();
        await using var transaction = await inFlight.BeginTransactionAsync();
        await using (var takesTheKey = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", inFlight, transaction))
        {
            takesTheKey.Parameters.AddWithValue($"customer:ada\n{key}");
            await takesTheKey.ExecuteNonQueryAsync();
        }

        using var twin = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key);
        twin.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        twin.Headers.RetryAfter.ShouldNotBeNull();

        await transaction.RollbackAsync();
        using var later = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key);
        later.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Receipts_are_forgotten_after_a_day_and_not_before()
    {
        var (old, young) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        foreach (var key in new[] { old, young })
            (await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key)).EnsureSuccessStatusCode();
        await using (var ages = orders.Database.CreateCommand(
            """
            UPDATE submission_receipts
            SET created_at = now() - CASE key WHEN $1 THEN interval '24 hours 1 minute' ELSE interval '23 hours 59 minutes' END
            WHERE key IN ($1, $2)
            """))
        {
            ages.Parameters.AddWithValue(old);
            ages.Parameters.AddWithValue(young);
            (await ages.ExecuteNonQueryAsync()).ShouldBe(2);
        }

        // It trims when it starts, and every few minutes from then on.
        await using var another = await ServiceProcess.StartAsync(OrdersSystem.Project, orders.Settings);

        await Eventually.EqualAsync(0, () => ReceiptsAsync(old), "receipts older than a day");
        (await ReceiptsAsync(young)).ShouldBe(1);
    }

    private async Task<long> ReceiptsAsync(string key)
    {
        await using var command = orders.Database.CreateCommand("SELECT count(*) FROM submission_receipts WHERE key = $1");
        command.Parameters.AddWithValue(key);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<long> OrdersPaidWithAsync(string paymentMethod)
    {
        await using var command = orders.Database.CreateCommand("SELECT count(*) FROM orders WHERE payment_method = $1");
        command.Parameters.AddWithValue(paymentMethod);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
