using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Services.Tests.Simulator;

public sealed class ProviderRulesTests : IAsyncLifetime
{
    private readonly Guid _order = Guid.NewGuid();
    private SimulatorProcess _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await SimulatorProcess.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task The_same_key_gives_the_same_result_also_fifty_times_at_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AuthorizeAsync("key")));

        answers.ShouldAllBe(answer => answer.Status == HttpStatusCode.Created);
        answers.Select(answer => answer.Id).Distinct().Count().ShouldBe(1);
        (await _provider.OperationsAsync(_order)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_422()
    {
        await AuthorizeAsync("key", amount: 2500);

        var other = await AuthorizeAsync("key", amount: 2501);

        other.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        other.Code.ShouldBe("idempotency_key_reused");
    }

    [Fact]
    public async Task A_request_without_a_key_is_400_and_says_so()
    {
        var response = await _provider.Http.PostAsJsonAsync("v1/authorizations", Authorization("tok_approve", 2500));

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync()).ShouldContain("Idempotency-Key");
    }

    [Fact]
    public async Task Nobody_gets_in_without_the_api_key()
    {
        using var stranger = new HttpClient { BaseAddress = _provider.BaseAddress };

        (await stranger.GetAsync($"v1/orders/{_order}/operations")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("tok_decline", "card_declined")]
    [InlineData("tok_decline_insufficient_funds", "insufficient_funds")]
    [InlineData("tok_nobody_knows", "unknown_payment_method")]
    [InlineData("4111111111111111", "unknown_payment_method")]
    public async Task A_declined_card_says_why(string token, string reason)
    {
        await AuthorizeAsync("key", token);

        (await _provider.OperationsAsync(_order)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            operation => operation.Outcome.ShouldBe("declined"),
            operation => operation.Reason.ShouldBe(reason),
            operation => operation.Id.ShouldBeNull());
    }

    [Fact]
    public async Task An_error_does_nothing_and_the_same_key_may_try_again()
    {
        var statuses = new List<HttpStatusCode>();
        for (var call = 0; call < 4; call++)
            statuses.Add((await AuthorizeAsync("key", "tok_error_2")).Status);

        statuses.ShouldBe([HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.Created, HttpStatusCode.Created]);
        (await _provider.OperationsAsync(_order)).Select(operation => operation.Outcome).ShouldBe(["error", "error", "succeeded"]);
    }

    [Fact]
    public async Task A_timeout_has_done_the_work_and_the_repeat_is_answered()
    {
        using (var impatience = new CancellationTokenSource())
        {
            var call = AuthorizeAsync("key", "tok_timeout", cancellationToken: impatience.Token);
            while (await OperationStatusAsync("key") != HttpStatusCode.OK)
                call.IsCompleted.ShouldBeFalse();
            await impatience.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(call);
        }

        (await AuthorizeAsync("key", "tok_timeout")).Status.ShouldBe(HttpStatusCode.Created);
        (await _provider.OperationsAsync(_order)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_authorization_is_captured_once_and_never_voided_afterwards()
    {
        var authorization = await AuthorizeAsync("authorize");

        (await CaptureAsync("capture", authorization.Id!)).Status.ShouldBe(HttpStatusCode.Created);
        (await CaptureAsync("again", authorization.Id!)).Code.ShouldBe("already_captured");
        (await PostAsync($"v1/authorizations/{authorization.Id}/void", "void")).Code.ShouldBe("already_captured");
    }

    [Fact]
    public async Task A_voided_authorization_is_never_captured()
    {
        var authorization = await AuthorizeAsync("authorize");

        (await PostAsync($"v1/authorizations/{authorization.Id}/void", "void")).Status.ShouldBe(HttpStatusCode.Created);
        (await CaptureAsync("capture", authorization.Id!)).Code.ShouldBe("already_voided");
    }

    [Fact]
    public async Task No_capture_goes_beyond_the_authorization_and_no_refund_beyond_the_capture()
    {
        var authorization = await AuthorizeAsync("authorize", amount: 1000);
        (await CaptureAsync("too-much", authorization.Id!, 1001)).Code.ShouldBe("amount_exceeds_authorization");
        var capture = await CaptureAsync("capture", authorization.Id!, 900);

        (await RefundAsync("first", capture.Id!, 600)).Status.ShouldBe(HttpStatusCode.Created);
        (await RefundAsync("second", capture.Id!, 301)).Code.ShouldBe("amount_exceeds_capture");
        (await RefundAsync("third", capture.Id!, 300)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Nothing_is_captured_or_refunded_that_does_not_exist()
    {
        (await CaptureAsync("capture", "auth_nothing")).ShouldBe(new ProviderAnswer(HttpStatusCode.NotFound, null, "unknown_authorization"));
        (await RefundAsync("refund", "cap_nothing", 1)).ShouldBe(new ProviderAnswer(HttpStatusCode.NotFound, null, "unknown_capture"));
    }

    [Fact]
    public async Task A_cancelled_key_refuses_the_authorization_that_arrives_later()
    {
        (await CancelAsync("authorize")).Id.ShouldBeNull();

        (await AuthorizeAsync("authorize")).Code.ShouldBe("cancelled");
    }

    [Fact]
    public async Task Cancelling_a_key_voids_the_authorization_that_it_made()
    {
        var authorization = await AuthorizeAsync("authorize");

        (await CancelAsync("authorize")).Id.ShouldBe(authorization.Id);
        (await CancelAsync("authorize")).Id.ShouldBe(authorization.Id);
        (await CaptureAsync("capture", authorization.Id!)).Code.ShouldBe("already_voided");
    }

    private object Authorization(string token, long amount) =>
        new { orderId = _order, amount, currency = "EUR", paymentMethod = token };

    private Task<ProviderAnswer> AuthorizeAsync(string key, string token = "tok_approve", long amount = 2500, CancellationToken cancellationToken = default) =>
        PostAsync("v1/authorizations", key, Authorization(token, amount), cancellationToken);

    private Task<ProviderAnswer> CaptureAsync(string key, string authorization, long amount = 2500) =>
        PostAsync($"v1/authorizations/{authorization}/captures", key, new { amount });

    private Task<ProviderAnswer> RefundAsync(string key, string capture, long amount) =>
        PostAsync($"v1/captures/{capture}/refunds", key, new { amount });

    private async Task<ProviderAnswer> CancelAsync(string key) =>
        await ProviderAnswer.ReadAsync(await _provider.Http.PutAsync($"v1/cancellations/{key}", content: null));

    private async Task<HttpStatusCode> OperationStatusAsync(string key) =>
        (await _provider.Http.GetAsync($"v1/operations/{key}")).StatusCode;

    private async Task<ProviderAnswer> PostAsync(string path, string key, object? body = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Headers = { { "Idempotency-Key", key } } };
        if (body is not null)
            request.Content = JsonContent.Create(body);
        return await ProviderAnswer.ReadAsync(await _provider.Http.SendAsync(request, cancellationToken));
    }
}

/// <summary>The parts of an answer that tests look at.</summary>
public sealed record ProviderAnswer(HttpStatusCode Status, string? Id, string? Code)
{
    public static async Task<ProviderAnswer> ReadAsync(HttpResponseMessage response)
    {
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return new ProviderAnswer(response.StatusCode, (string?)body["id"], (string?)body["code"]);
    }
}
