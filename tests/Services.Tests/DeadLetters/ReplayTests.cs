using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

public sealed class ReplayTests(OpenShop fixture) : IClassFixture<OpenShop>
{
    private readonly Shop _shop = fixture.Shop;

    [Fact]
    public async Task A_replayed_letter_is_the_same_message_and_its_consumers_inbox_lets_it_pass()
    {
        var (order, letter) = await DeadAsync("ill");
        var attemptsBefore = _shop.Fates.AttemptsAt(order);
        _shop.Fates.Ill = false;
        try
        {
            var response = await _shop.Operator.PostAsync(Path($"{letter.Id}/replay"), content: null);

            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            await Eventually.EqualAsync(1, () => _shop.PackedAsync(order), "packed parcels");
            _shop.Fates.AttemptsAt(order).ShouldBe(attemptsBefore + 1);
            (await _shop.CountAsync($"SELECT count(*) FROM inbox_state WHERE message_id = '{letter.MessageId}'")).ShouldBe(1);
            var replayed = await _shop.LetterAsync(order);
            replayed.Status.ShouldBe("replayed");
            (await _shop.ScalarAsync<string>($"SELECT by || ' ' || action || ' ' || outcome FROM dead_letter_actions WHERE letter_id = '{letter.Id}'"))
                .ShouldBe("dev-operator replay replayed");
        }
        finally
        {
            _shop.Fates.Ill = true;
        }
    }

    [Fact]
    public async Task A_letter_that_comes_back_has_had_all_its_retries_again_and_is_linked_to_its_earlier_life()
    {
        var (order, first) = await DeadAsync(Fates.Fails);

        (await _shop.Operator.PostAsync(Path($"{first.Id}/replay"), content: null)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var letters = await _shop.LettersAsync($"order_id = '{order}'", 2);
        letters[0].Status.ShouldBe("replayed");
        letters[1].Status.ShouldBe("waiting");
        letters[1].PreviousId.ShouldBe(first.Id);
        letters[1].MessageId.ShouldBe(first.MessageId);
        letters[1].Body.ShouldBe(first.Body);
        letters[1].Attempts.ShouldBe(8);
        _shop.Fates.AttemptsAt(order).ShouldBe(16);
        var details = await _shop.Operator.GetFromJsonAsync<JsonElement>(Path($"{first.Id}"));
        details.GetProperty("cameBackAs").EnumerateArray().Single().GetGuid().ShouldBe(letters[1].Id);
    }

    [Fact]
    public async Task Of_many_operators_who_click_at_once_one_replays()
    {
        var (order, letter) = await DeadAsync(Fates.Invalid);

        var responses = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _shop.Operator.PostAsync(Path($"{letter.Id}/replay"), content: null)));

        responses.Count(response => response.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        responses.Count(response => response.StatusCode == HttpStatusCode.Conflict).ShouldBe(19);
        await _shop.LettersAsync($"order_id = '{order}'", 2);
        (await _shop.CountAsync($"SELECT sum(count) FROM dead_letters WHERE order_id = '{order}'")).ShouldBe(2);
        _shop.Fates.AttemptsAt(order).ShouldBe(2);
    }

    [Fact]
    public async Task A_letter_whose_target_is_gone_stays_and_says_so()
    {
        var order = Guid.NewGuid();
        await using var channel = await _shop.ChannelAsync();
        await channel.ExchangeDeclareAsync("passing", ExchangeType.Fanout);
        await channel.BasicPublishAsync(
            "dead-letters",
            "",
            mandatory: true,
            new BasicProperties { Headers = new Dictionary<string, object?> { ["MT-Reason"] = "skipped:passing" } },
            RawMessage.PackParcel(Guid.NewGuid(), order, Fates.Good));
        var letter = await _shop.LetterAsync(order);

        var noQueue = await _shop.Operator.PostAsync(Path($"{letter.Id}/replay"), content: null);
        await channel.ExchangeDeleteAsync("passing");
        var noExchange = await _shop.Operator.PostAsync(Path($"{letter.Id}/replay"), content: null);

        foreach (var response in new[] { noQueue, noExchange })
        {
            response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
            (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("outcome").GetString().ShouldBe("targetGone");
        }

        (await _shop.LetterAsync(order)).Status.ShouldBe("waiting");
        (await _shop.CountAsync($"SELECT count(*) FROM dead_letter_actions WHERE letter_id = '{letter.Id}' AND outcome = 'targetGone'")).ShouldBe(2);
    }

    [Fact]
    public async Task Headers_and_properties_come_back_as_they_were()
    {
        var order = Guid.NewGuid();
        await _shop.PublishRawAsync("pack-parcel", RawMessage.PackParcel(Guid.NewGuid(), order, Fates.Invalid), properties =>
        {
            properties.AsMassTransit(Guid.NewGuid());
            properties.Priority = 3;
            properties.AppId = "till";
            properties.Expiration = "600000";
            properties.Headers = new Dictionary<string, object?> { ["till"] = 7, ["receipt"] = new byte[] { 0xff, 0 }, ["list"] = new List<object?> { true, 2L } };
        });
        var letter = await _shop.LetterAsync(order);

        await _shop.Operator.PostAsync(Path($"{letter.Id}/replay"), content: null);

        var again = (await _shop.LettersAsync($"order_id = '{order}'", 2))[1];
        Own(again).ShouldBe(Own(letter));
        var properties = await _shop.ScalarAsync<string>($"SELECT properties::text FROM dead_letters WHERE id = '{again.Id}'");
        var expected = await _shop.ScalarAsync<string>($"SELECT (properties - 'expiration')::text FROM dead_letters WHERE id = '{letter.Id}'");
        properties.ShouldBe(expected);

        // Besides those that tell of its death there is one by which the client matches confirms.
        static string Own(Letter letter) => string.Join('\n', JsonDocument.Parse(letter.Headers).RootElement.EnumerateObject()
            .Where(header => !header.Name.StartsWith("MT-", StringComparison.Ordinal) && header.Name != "x-dotnet-pub-seq-no").Select(header => $"{header.Name}: {header.Value.GetRawText()}"));
    }

    [Fact]
    public async Task Of_a_selection_the_rest_is_left_alone_when_the_first_comes_back()
    {
        var letters = new[] { await DeadAsync(Fates.Invalid), await DeadAsync(Fates.Invalid), await DeadAsync(Fates.Invalid) };

        var report = await ReplayAsync(new { ids = letters.Select(dead => dead.Letter.Id), watchSeconds = 30 });

        report.Select(item => item.Outcome).ShouldBe(["replayed", "notAttempted", "notAttempted"]);
        report.Select(item => item.Id).ShouldBe(letters.Select(dead => dead.Letter.Id));
        letters.Skip(1).ShouldAllBe(dead => _shop.Fates.AttemptsAt(dead.Order) == 1);
    }

    [Fact]
    public async Task Of_a_selection_the_rest_follows_when_the_first_stays_away()
    {
        var dead = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => DeadAsync("ill")));
        _shop.Fates.Ill = false;
        try
        {
            var gone = Guid.NewGuid();

            var report = await ReplayAsync(new { ids = dead.Select(one => one.Letter.Id).Append(gone), watchSeconds = 1 });

            report.Select(item => item.Outcome).ShouldBe([.. Enumerable.Repeat("replayed", 5), "notFound"]);
            foreach (var (order, _) in dead)
                await Eventually.EqualAsync(1, () => _shop.PackedAsync(order), "packed parcels");
        }
        finally
        {
            _shop.Fates.Ill = true;
        }
    }

    [Fact]
    public async Task A_selection_by_filter_takes_what_waits_and_nothing_else()
    {
        var (order, letter) = await DeadAsync(Fates.Invalid);
        await DeadAsync(Fates.Invalid);

        var first = await ReplayAsync(new { filter = new { orderId = order, reason = "fault" }, watchSeconds = 0 });
        await _shop.LettersAsync($"order_id = '{order}'", 2);
        var second = await ReplayAsync(new { filter = new { orderId = order }, limit = 1, watchSeconds = 0 });

        first.ShouldHaveSingleItem().Id.ShouldBe(letter.Id);
        second.ShouldHaveSingleItem().Id.ShouldNotBe(letter.Id);
    }

    private async Task<(Guid Order, Letter Letter)> DeadAsync(string fate)
    {
        var order = Guid.NewGuid();
        await _shop.PublishAsync(new PackParcel(order, fate));
        return (order, await _shop.LetterAsync(order));
    }

    private async Task<IReadOnlyList<ReplayItem>> ReplayAsync(object selection)
    {
        var response = await _shop.Operator.PostAsJsonAsync(Path("replay"), selection);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync<ReplayItems>())!.Items;
    }

    private static Uri Path(string path) => new($"shop/dead-letters/{path}", UriKind.Relative);

    private sealed record ReplayItems(IReadOnlyList<ReplayItem> Items);

    private sealed record ReplayItem(Guid Id, string Outcome, string? Detail);
}
