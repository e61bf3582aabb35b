using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class OperatorEndpointTests(OpenShop fixture) : IClassFixture<OpenShop>
{
    private readonly Shop _shop = fixture.Shop;

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repetition()
    {
        var type = $"Shop:Unknown{Guid.NewGuid():N}";
        for (var i = 0; i < 7; i++)
            await PublishUnknownAsync(type);
        await _shop.LettersAsync($"message_type = '{type}'", 7);

        var seen = new List<Guid>();
        var sizes = new List<int>();
        for (string? after = ""; after is not null;)
        {
            var page = await GetAsync($"?type={type}&limit=3{after}");
            var ids = page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetGuid()).ToList();
            sizes.Add(ids.Count);
            seen.AddRange(ids);
            after = page.GetProperty("next") is { ValueKind: JsonValueKind.String } next ? $"&after={next.GetString()}" : null;
        }

        sizes.ShouldBe([3, 3, 1]);
        seen.Distinct().Count().ShouldBe(7);
        seen.ShouldBe([.. seen.OrderByDescending(id => id.ToString(), StringComparer.Ordinal)]);
    }

    [Fact]
    public async Task Letters_are_found_by_reason_type_order_queue_status_and_time()
    {
        var type = $"Shop:Unknown{Guid.NewGuid():N}";
        var order = Guid.NewGuid();
        await PublishUnknownAsync(type, order);
        var letter = await _shop.LetterAsync(order);
        var before = Uri.EscapeDataString(letter.DiedAt.AddSeconds(-1).ToString("O"));
        var after = Uri.EscapeDataString(letter.DiedAt.AddSeconds(1).ToString("O"));

        foreach (var filter in new[] { $"type={type}", $"orderId={order}", $"orderId={order}&reason=skipped&queue=pack-parcel&status=waiting&from={before}&to={after}" })
            (await CountAsync(filter)).ShouldBe(1, filter);
        foreach (var filter in new[] { "reason=fault", "queue=weigh-parcel", "status=discarded", $"from={after}", $"to={before}", "type=Shop:Other" })
            (await CountAsync($"orderId={order}&{filter}")).ShouldBe(0, filter);
    }

    [Fact]
    public async Task One_letter_is_shown_in_full()
    {
        var order = Guid.NewGuid();
        await _shop.PublishAsync(new PackParcel(order, Fates.Invalid));
        var letter = await _shop.LetterAsync(order);

        var details = await GetAsync($"/{letter.Id}");

        details.GetProperty("exception").GetProperty("message").GetString().ShouldBe("A parcel needs an address.");
        details.GetProperty("exception").GetProperty("stackTrace").GetString().ShouldNotBeNull().ShouldContain("PackParcelConsumer");
        details.GetProperty("origin").GetProperty("queue").GetString().ShouldBe("pack-parcel");
        details.GetProperty("origin").GetProperty("exchange").GetString().ShouldBe("shop:pack-parcel");
        details.GetProperty("conversationId").GetString().ShouldNotBeNullOrEmpty();
        details.GetProperty("body").GetProperty("encoding").GetString().ShouldBe("utf-8");
        JsonDocument.Parse(details.GetProperty("body").GetProperty("content").GetString()!).RootElement
            .GetProperty("message").GetProperty("orderId").GetGuid().ShouldBe(order);
    }

    [Fact]
    public async Task A_discarded_letter_is_closed_with_name_and_time_and_cannot_be_replayed()
    {
        var order = Guid.NewGuid();
        await _shop.PublishAsync(new PackParcel(order, Fates.Invalid));
        var letter = await _shop.LetterAsync(order);

        (await _shop.Operator.DeleteAsync(Path($"/{letter.Id}"))).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await _shop.Operator.DeleteAsync(Path($"/{letter.Id}"))).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await _shop.Operator.PostAsync(Path($"/{letter.Id}/replay"), content: null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var details = await GetAsync($"/{letter.Id}");
        details.GetProperty("status").GetString().ShouldBe("discarded");
        var action = details.GetProperty("actions").EnumerateArray().ShouldHaveSingleItem();
        action.GetProperty("by").GetString().ShouldBe("dev-operator");
        action.GetProperty("at").GetDateTime().ShouldBe(DateTime.UtcNow, TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task A_message_that_dies_again_after_its_letter_was_discarded_waits_for_somebody_anew()
    {
        var (messageId, order) = (Guid.NewGuid(), Guid.NewGuid());
        await PublishAsync();
        var letter = await _shop.LetterAsync(order);
        await _shop.Operator.DeleteAsync(Path($"/{letter.Id}"));

        await PublishAsync();

        var again = (await _shop.LettersAsync($"order_id = '{order}' AND count = 2")).ShouldHaveSingleItem();
        again.Status.ShouldBe("waiting");

        Task PublishAsync() => _shop.PublishRawAsync(
            "pack-parcel", RawMessage.PackParcel(messageId, order, Fates.Invalid), properties => properties.AsMassTransit(messageId));
    }

    [Fact]
    public async Task Only_operators_get_in()
    {
        using var nobody = new HttpClient { BaseAddress = _shop.Operator.BaseAddress };
        foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Get, $"/{Guid.NewGuid()}"), (HttpMethod.Post, $"/{Guid.NewGuid()}/replay"), (HttpMethod.Delete, $"/{Guid.NewGuid()}") })
        {
            (await nobody.SendAsync(new HttpRequestMessage(method, Path(path)))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            (await _shop.Customer.SendAsync(new HttpRequestMessage(method, Path(path)))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task What_is_asked_wrongly_is_a_problem_that_names_it()
    {
        var unknown = Guid.NewGuid();
        (await _shop.Operator.GetAsync(Path($"/{unknown}"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _shop.Operator.PostAsync(Path($"/{unknown}/replay"), content: null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _shop.Operator.DeleteAsync(Path($"/{unknown}"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await ShouldNameAsync(await _shop.Operator.GetAsync(Path("?limit=0")), "limit");
        await ShouldNameAsync(await _shop.Operator.PostAsJsonAsync(Path("/replay"), new { }), "ids");
        await ShouldNameAsync(await _shop.Operator.PostAsJsonAsync(Path("/replay"), new { ids = new[] { unknown, unknown } }), "ids");
        await ShouldNameAsync(await _shop.Operator.PostAsJsonAsync(Path("/replay"), new { filter = new { }, limit = 5000 }), "limit");
        await ShouldNameAsync(await _shop.Operator.PostAsJsonAsync(Path("/replay"), new { filter = new { }, watchSeconds = 61 }), "watchSeconds");
        await ShouldNameAsync(await _shop.Operator.PostAsJsonAsync(Path("/replay"), new { filter = new { colour = "red" } }), "filter.colour");
    }

    private static async Task ShouldNameAsync(HttpResponseMessage response, string member)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("errors").TryGetProperty(member, out _).ShouldBeTrue(problem.GetRawText());
    }

    private Task PublishUnknownAsync(string type, Guid? order = null) => _shop.PublishRawAsync(
        "pack-parcel", RawMessage.Envelope(Guid.NewGuid(), type, new { orderId = order ?? Guid.NewGuid() }), properties => properties.AsMassTransit(Guid.NewGuid()));

    private async Task<int> CountAsync(string query) => (await GetAsync($"?{query}")).GetProperty("items").GetArrayLength();

    private async Task<JsonElement> GetAsync(string path) => await _shop.Operator.GetFromJsonAsync<JsonElement>(Path(path));

    private static Uri Path(string path) => new($"shop/dead-letters{path}", UriKind.Relative);
}
