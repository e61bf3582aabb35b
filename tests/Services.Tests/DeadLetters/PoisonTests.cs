using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace Services.Tests.DeadLetters;

/// <summary>Whatever is published, it ends in the database, with its origin, its reason and every byte of it.</summary>
public sealed class PoisonTests(OpenShop fixture) : IClassFixture<OpenShop>
{
    private readonly Shop _shop = fixture.Shop;

    [Fact]
    public async Task Broken_JSON()
    {
        var body = RawMessage.Utf8("""{ "messageId": "b0c4f6a0-0000-0000-0000-000000000001", "messageType": [ "urn:message:Shop:PackParcel" ], "message": { "orderId": """);

        var letter = await PublishAsync("pack-parcel", body);

        letter.Reason.ShouldBe("fault");
        letter.Queue.ShouldBe("pack-parcel");
        letter.Attempts.ShouldBe(0);
        letter.ExceptionType.ShouldNotBeNull().ShouldEndWith("Exception");
        letter.MessageType.ShouldBe("Shop:PackParcel");
        letter.Body.ShouldBe(body);
    }

    [Fact]
    public async Task An_empty_body()
    {
        var letter = await PublishAsync("pack-parcel", []);

        letter.Reason.ShouldBe("fault");
        letter.Queue.ShouldBe("pack-parcel");
        letter.Body.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_unknown_type()
    {
        var order = Guid.NewGuid();

        var letter = await PublishAsync("pack-parcel", RawMessage.Envelope(Guid.NewGuid(), "Shop:EatParcel", new { orderId = order }));

        letter.Reason.ShouldBe("skipped");
        letter.Queue.ShouldBe("pack-parcel");
        letter.MessageType.ShouldBe("Shop:EatParcel");
        letter.OrderId.ShouldBe(order);
    }

    [Fact]
    public async Task A_member_of_the_wrong_type()
    {
        var letter = await PublishAsync("pack-parcel", RawMessage.Envelope(Guid.NewGuid(), "Shop:PackParcel", new { orderId = "not a guid", fate = "good" }));

        letter.Reason.ShouldBe("fault");
        letter.Queue.ShouldBe("pack-parcel");
        letter.OrderId.ShouldBeNull();
    }

    [Fact]
    public async Task A_message_id_that_is_none()
    {
        var body = RawMessage.Utf8("""{ "messageId": "one\u0000two", "messageType": [ "urn:message:Shop:PackParcel" ], "message": { "fate": "good" } }""");

        var letter = await PublishAsync("pack-parcel", body, messageId: false);

        letter.Reason.ShouldBe("fault");
        letter.MessageId.ShouldBe("one\uFFFDtwo");
        letter.Body.ShouldBe(body);
    }

    [Fact]
    public async Task A_body_of_ten_megabytes()
    {
        var order = Guid.NewGuid();
        var body = RawMessage.PackParcel(Guid.NewGuid(), order, "fails" + new string(' ', 10 * 1024 * 1024));

        var letter = await PublishAsync("weigh-parcel", body);

        letter.Reason.ShouldBe("skipped");
        letter.Body.Length.ShouldBe(body.Length);
        letter.Body.AsSpan().SequenceEqual(body).ShouldBeTrue();
    }

    [Fact]
    public async Task A_body_that_is_no_text_and_headers_of_every_kind()
    {
        var body = Enumerable.Range(0, 512).Select(i => (byte)i).ToArray();

        var letter = await PublishAsync("pack-parcel", body, properties => properties.Headers = new Dictionary<string, object?>
        {
            ["text"] = "plain",
            ["zero"] = "a\0b",
            ["bytes"] = new byte[] { 0xff, 0x00 },
            ["number"] = 7,
            ["long"] = 8L,
            ["yes"] = true,
            ["time"] = new AmqpTimestamp(1),
            ["list"] = new List<object?> { 1, "two" },
            ["table"] = new Dictionary<string, object?> { ["inner"] = 1.5 },
            ["nothing"] = null,
        });

        letter.Body.ShouldBe(body);
        var headers = JsonDocument.Parse(letter.Headers).RootElement;
        headers.GetProperty("text").GetString().ShouldBe("plain");
        headers.GetProperty("number").GetProperty("int32").GetInt32().ShouldBe(7);
        headers.GetProperty("long").GetInt64().ShouldBe(8);
        headers.GetProperty("bytes").GetProperty("bytes").GetString().ShouldBe("/wA=");
        Convert.FromBase64String(headers.GetProperty("zero").GetProperty("bytes").GetString()!).ShouldBe("a\0b"u8.ToArray());
        headers.GetProperty("list")[1].GetString().ShouldBe("two");
        headers.GetProperty("table").GetProperty("table").GetProperty("inner").TryGetProperty("double", out _).ShouldBeTrue();
    }

    [Theory]
    [InlineData(100)]
    [InlineData(127)]
    public async Task A_header_bomb(int kilobytes)
    {
        var order = Guid.NewGuid();

        var letter = await PublishAsync(
            "pack-parcel",
            RawMessage.PackParcel(Guid.NewGuid(), order, Fates.Fails),
            properties => properties.Headers = new Dictionary<string, object?> { ["small"] = "kept", ["bomb"] = new string('x', kilobytes * 1024) });

        letter.Reason.ShouldBe("fault");
        letter.Queue.ShouldBe("pack-parcel");
        letter.OrderId.ShouldBe(order);
        letter.ExceptionMessage.ShouldNotBeNull().ShouldContain("too heavy");
        letter.Headers.ShouldContain("kept");
    }

    [Fact]
    public async Task A_message_that_nobody_is_bound_for()
    {
        var order = Guid.NewGuid();
        await using var channel = await _shop.ChannelAsync();
        await channel.QueueUnbindAsync("offer-parcel", "offer-parcel", "");

        var letter = await PublishAsync("offer-parcel", RawMessage.Envelope(Guid.NewGuid(), "Shop:OfferParcel", new { orderId = order }));

        letter.Reason.ShouldBe("unroutable");
        letter.Exchange.ShouldBe("offer-parcel");
        letter.Queue.ShouldBeNull();
        letter.OrderId.ShouldBe(order);
    }

    private async Task<Letter> PublishAsync(string exchange, byte[] body, Action<BasicProperties>? configure = null, bool messageId = true)
    {
        // What is published last is found by its time: messages here are often beyond recognition.
        var newest = (await _shop.ScalarAsync<DateTime>("SELECT coalesce(max(received_at), 'epoch') FROM dead_letters")).ToString("O");
        await _shop.PublishRawAsync(exchange, body, properties =>
        {
            properties.AsMassTransit(messageId ? Guid.NewGuid() : null);
            configure?.Invoke(properties);
        });
        return (await _shop.LettersAsync($"received_at > '{newest}'")).ShouldHaveSingleItem();
    }
}
