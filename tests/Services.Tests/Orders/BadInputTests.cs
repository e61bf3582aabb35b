using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Shouldly;

namespace Services.Tests.Orders;

public sealed class BadInputTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    private const string Good = """{"customerId":"ada","currency":"EUR","paymentMethod":"tok_approve","lines":[{"sku":"coffee-1kg","quantity":2}]}""";

    /// <summary>body, status, the field that the problem names, a word of the rule.</summary>
    public static TheoryData<string, HttpStatusCode, string, string> BadBodies => new()
    {
        { """{"customerId":"ada",""", HttpStatusCode.BadRequest, "$", "JSON" },
        { "", HttpStatusCode.BadRequest, "", "body" },
        { "null", HttpStatusCode.BadRequest, "", "body" },
        { "[]", HttpStatusCode.BadRequest, "$", "object" },
        { Without("currency"), HttpStatusCode.BadRequest, "currency", "required" },
        { Without("lines"), HttpStatusCode.BadRequest, "lines", "required" },
        { Good.Replace("\"quantity\":2", "").Replace("\"coffee-1kg\",", "\"coffee-1kg\""), HttpStatusCode.BadRequest, "lines[0].quantity", "required" },
        { With("coupon", "\"X\""), HttpStatusCode.BadRequest, "coupon", "unknown" },
        { With("currency", "\"EUR\""), HttpStatusCode.BadRequest, "currency", "twice" },
        { Good.Replace("\"quantity\":2", "\"quantity\":2,\"colour\":1"), HttpStatusCode.BadRequest, "lines[0].colour", "unknown" },
        { Good.Replace("\"quantity\":2", "\"quantity\":\"2\""), HttpStatusCode.BadRequest, "lines[0].quantity", "whole number" },
        { Good.Replace("\"quantity\":2", "\"quantity\":1.5"), HttpStatusCode.BadRequest, "lines[0].quantity", "whole number" },
        { Good.Replace("\"quantity\":2", "\"quantity\":99999999999"), HttpStatusCode.BadRequest, "lines[0].quantity", "whole number" },
        { Good.Replace("\"EUR\"", "5"), HttpStatusCode.BadRequest, "currency", "string" },
        { Good.Replace("\"EUR\"", "null"), HttpStatusCode.BadRequest, "currency", "null" },
        { Good.Replace("\"quantity\":2", "\"quantity\":0"), HttpStatusCode.UnprocessableEntity, "lines[0].quantity", "from 1" },
        { Good.Replace("\"quantity\":2", "\"quantity\":-1"), HttpStatusCode.UnprocessableEntity, "lines[0].quantity", "from 1" },
        { Good.Replace("\"quantity\":2", "\"quantity\":10001"), HttpStatusCode.UnprocessableEntity, "lines[0].quantity", "10000" },
        { Good.Replace("coffee-1kg", "tea"), HttpStatusCode.UnprocessableEntity, "lines[0].sku", "price list" },
        { Good.Replace("EUR", "XXX"), HttpStatusCode.UnprocessableEntity, "currency", "price list" },
        { Good.Replace("coffee-1kg", "grinder").Replace("EUR", "USD"), HttpStatusCode.UnprocessableEntity, "currency", "price list" },
        { Good.Replace("\"ada\"", "\"Ada!\""), HttpStatusCode.UnprocessableEntity, "customerId", "lower case" },
        { Good.Replace("tok_approve", "4242424242424242"), HttpStatusCode.UnprocessableEntity, "paymentMethod", "token" },
        { WithLines(0), HttpStatusCode.UnprocessableEntity, "lines", "1 to 100" },
        { WithLines(101), HttpStatusCode.UnprocessableEntity, "lines", "1 to 100" },
        { WithLines(100, "espresso-bar", 10000), HttpStatusCode.UnprocessableEntity, "lines", "total" },
        { Good.Replace("[{\"sku\":\"coffee-1kg\",\"quantity\":2}]", "[null]"), HttpStatusCode.UnprocessableEntity, "lines[0]", "line" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_order_is_answered_with_the_field_and_the_rule_and_nothing_is_written(
        string body, HttpStatusCode status, string field, string rule)
    {
        var ordersBefore = await orders.CountAsync("orders");

        using var response = await OrdersSystem.PostAsync(orders.Ada, body, Guid.NewGuid().ToString());

        var problem = await ProblemAsync(response, status);
        if (field.Length > 0)
            Errors(problem).ShouldContain(error => error.Field == field && error.Rule.Contains(rule), problem.ToString());
        else
            problem.GetProperty("detail").GetString()!.ShouldContain(rule);
        (await orders.CountAsync("orders")).ShouldBe(ordersBefore);
        (await orders.CountAsync("submission_receipts")).ShouldBe(ordersBefore);
    }

    [Fact]
    public async Task A_body_over_64_KB_is_413()
    {
        using var response = await OrdersSystem.PostAsync(orders.Ada, With("note", $"\"{new string('x', 70_000)}\""), Guid.NewGuid().ToString());

        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_chunked_body_over_64_KB_is_413_too()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = new StringContent(Good.Replace(",", "," + new string(' ', 20_000)), Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("Idempotency-Key", "\"chunked\"");
        using var response = await orders.Ada.SendAsync(request);

        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Another_media_type_is_415()
    {
        using var response = await orders.Ada.PostAsync("/orders", new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"));

        await ProblemAsync(response, HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nobodys-key")]
    public async Task Without_a_known_key_it_is_401(string? key)
    {
        using var caller = orders.Service.Client(key);
        using var response = await OrdersSystem.PostAsync(caller, Good, Guid.NewGuid().ToString());

        await ProblemAsync(response, HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
    }

    [Fact]
    public async Task A_customer_may_not_order_for_another_and_not_resume_orders()
    {
        using var forAda = await OrdersSystem.PostAsync(orders.Grace, Good, Guid.NewGuid().ToString());
        (await ProblemAsync(forAda, HttpStatusCode.Forbidden)).GetProperty("detail").GetString()!.ShouldContain("customerId");

        using var resume = await orders.Ada.PostAsync($"/orders/{await orders.PlaceAsync()}/resume", content: null);
        await ProblemAsync(resume, HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/timeline")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/payment")]
    public async Task Another_customers_order_is_404_like_one_that_does_not_exist(string method, string path)
    {
        var adas = await orders.PlaceAsync();
        foreach (var id in new[] { adas.ToString(), Guid.NewGuid().ToString(), "not-a-guid", "1" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), $"/orders/{id}{path}");
            if (path == "/payment")
                request.Content = JsonContent.Create(new { paymentMethod = "tok_other" });
            using var response = await orders.Grace.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.NotFound);
        }

        (await orders.StatusAsync(adas)).ShouldNotBe("Cancelling");
    }

    [Fact]
    public async Task The_price_list_and_the_description_of_the_API_can_be_read()
    {
        var products = await orders.Ada.GetFromJsonAsync<JsonElement>("/products");
        products.GetProperty("items").EnumerateArray().ShouldContain(product =>
            product.GetProperty("sku").GetString() == "coffee-1kg" && product.GetProperty("unitPrice").GetInt64() == 1250);

        using var anyone = orders.Service.Client(key: null);
        var document = await anyone.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        document.GetProperty("paths").TryGetProperty("/orders/{id}/cancel", out _).ShouldBeTrue();
        (await anyone.GetStringAsync("/swagger/index.html")).ShouldContain("swagger-ui");
    }

    [Fact]
    public async Task A_fault_of_the_service_is_500_and_tells_nothing_about_its_inside()
    {
        await RenameAsync("products", "hidden");
        try
        {
            using var response = await orders.Ada.GetAsync("/products");

            (await ProblemAsync(response, HttpStatusCode.InternalServerError)).ToString().ShouldNotContain("products");
        }
        finally
        {
            await RenameAsync("hidden", "products");
        }
    }

    private async Task RenameAsync(string from, string to)
    {
        await using var command = orders.Database.CreateCommand($"ALTER TABLE {from} RENAME TO {to}");
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var body = await response.Content.ReadAsStringAsync();
        response.StatusCode.ShouldBe(status, body);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = JsonDocument.Parse(body).RootElement;
        problem.GetProperty("status").GetInt32().ShouldBe((int)status);
        problem.GetProperty("traceId").GetString().ShouldNotBeNullOrEmpty();
        return problem;
    }

    private static IEnumerable<(string Field, string Rule)> Errors(JsonElement problem) =>
        problem.GetProperty("errors").EnumerateObject().Select(error => (error.Name, error.Value[0].GetString()!));

    private static string With(string field, string value) => $"{Good[..^1]},\"{field}\":{value}}}";

    private static string Without(string field)
    {
        var body = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Good)!;
        body.Remove(field);
        return JsonSerializer.Serialize(body);
    }

    private static string WithLines(int count, string sku = "coffee-1kg", int quantity = 1) => Good.Replace(
        """[{"sku":"coffee-1kg","quantity":2}]""",
        $"[{string.Join(',', Enumerable.Repeat($$"""{"sku":"{{sku}}","quantity":{{quantity}}}""", count))}]");
}
