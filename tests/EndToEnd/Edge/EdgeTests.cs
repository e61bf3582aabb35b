using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;
using EndToEnd.Systems;
using LocalStack;
using Shouldly;
using Xunit;

namespace EndToEnd.Edge;

public sealed class EdgeTests(ShopSystem system) : SystemTest(system)
{
    [Fact]
    public async Task Every_answer_carries_a_request_id_and_a_callers_own_is_kept()
    {
        using var given = new HttpRequestMessage(HttpMethod.Get, new Uri("products", UriKind.Relative));
        given.Headers.Add("X-Request-Id", "from-the-caller");
        using var kept = await System.Ada.SendAsync(given, Cancelled);
        kept.Headers.GetValues("X-Request-Id").ShouldBe(["from-the-caller"]);

        using var none = await System.Ada.GetAsync("products", Cancelled);
        none.Headers.GetValues("X-Request-Id").ShouldHaveSingleItem().Length.ShouldBe(32);

        using var forged = new HttpRequestMessage(HttpMethod.Get, new Uri("products", UriKind.Relative));
        forged.Headers.TryAddWithoutValidation("X-Request-Id", "with \"quotes\" and blanks");
        using var replaced = await System.Ada.SendAsync(forged, Cancelled);
        replaced.Headers.GetValues("X-Request-Id").ShouldHaveSingleItem().Length.ShouldBe(32);
    }

    [Fact]
    public async Task A_body_over_64_KB_is_refused_before_it_reaches_a_service()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("orders", UriKind.Relative))
        {
            Content = new StringContent(new string(' ', (64 * 1024) + 1), Encoding.UTF8, "application/json"),
        };

        using var response = await System.Ada.SendAsync(request, Cancelled);

        await ShouldBeProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task An_unknown_path_is_a_problem_like_every_other()
    {
        using var response = await System.Ada.GetAsync("nothing-here", Cancelled);
        await ShouldBeProblemAsync(response, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_client_over_its_rate_is_told_when_to_come_back_while_another_one_is_served()
    {
        await using var edge = await StartAsync(routes => routes with { Rate = 2, Burst = 5 });
        using var greedy = new Shop(edge.Address, "dev-ada");
        using var modest = new Shop(edge.Address, "dev-grace");

        var answers = await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => greedy.GetAsync("products", Cancelled)));

        answers.Count(answer => answer.IsSuccessStatusCode).ShouldBeGreaterThanOrEqualTo(5);
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.TooManyRequests);
        await ShouldBeProblemAsync(refused, HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter?.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        using var served = await modest.GetAsync("products", Cancelled);
        served.StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Fact]
    public async Task An_answer_is_compressed_for_whoever_asks_for_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("products", UriKind.Relative));
        request.Headers.AcceptEncoding.ParseAdd("gzip");

        using var response = await System.Ada.SendAsync(request, Cancelled);

        response.Content.Headers.ContentEncoding.ShouldBe(["gzip"]);
    }

    [Fact]
    public async Task A_service_that_is_away_is_a_problem_with_a_time_to_come_back()
    {
        await Stack[Routes.Notifications].StopAsync();

        using var response = await System.Ada.GetAsync($"notifications?orderId={Guid.NewGuid()}", Cancelled);

        await ShouldBeProblemAsync(response, HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
    }

    [Fact]
    public async Task Replicas_share_the_requests_and_one_that_is_killed_is_not_missed()
    {
        await using var second = Stack.Another(Routes.Orders, "orders-second");
        second.Start();
        await second.WaitUntilReadyAsync(Cancelled);
        await using var edge = await StartAsync(routes => routes with { Orders = [.. routes.Orders, second.Address] });
        using var shop = new Shop(edge.Address, "dev-ada");
        var placed = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => shop.PlaceAsync("ada", cancellationToken: Cancelled)));

        foreach (var replica in new[] { AddressOf(Routes.Orders), second.Address })
            Log.After(edge.Log, 0).ShouldContain($"\"upstream\":\"{replica.Authority}\"");
        await second.KillAsync();

        for (var i = 0; i < 10; i++)
        {
            using var response = await shop.GetAsync("products", Cancelled);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await AllReachAsync(placed.Select(order => order.Id), "Completed");
    }

    private async Task<EdgeServer> StartAsync(Func<EdgeRoutes, EdgeRoutes> adjust)
    {
        var edge = new EdgeServer(Path.Combine(Path.GetDirectoryName(Stack.Edge.Log)!, Guid.NewGuid().ToString("N")), ProcessLifetime.Owner);
        await edge.StartAsync(
            adjust(new EdgeRoutes
            {
                Orders = [AddressOf(Routes.Orders)],
                Payments = [AddressOf(Routes.Payments)],
                Notifications = [AddressOf(Routes.Notifications)],
            }),
            cancellationToken: Cancelled);
        return edge;
    }

    private static async Task ShouldBeProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        response.StatusCode.ShouldBe(status);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        response.Headers.Contains("X-Request-Id").ShouldBeTrue();
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        problem.GetProperty("status").GetInt32().ShouldBe((int)status);
        problem.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
    }
}
