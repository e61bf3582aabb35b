using Contracts;
using RabbitMQ.Client;
using RealServers;
using Services.Tests.DeadLetters;
using Shouldly;
using Xunit;

namespace Services.Tests.Retries;

public sealed class RetryLevelTests(OpenShop fixture) : IClassFixture<OpenShop>
{
    private readonly Shop _shop = fixture.Shop;

    [Fact]
    public async Task What_always_fails_is_tried_at_every_level_and_ends_as_a_dead_letter()
    {
        var order = Guid.NewGuid();

        var messageId = await _shop.PublishAsync(new PackParcel(order, Fates.Fails));

        // Four deliveries, at first and after each of three waits, with one retry in place each.
        var letter = await _shop.LetterAsync(order);
        _shop.Fates.AttemptsAt(order).ShouldBe(8);
        letter.Attempts.ShouldBe(8);
        letter.Reason.ShouldBe("fault");
        letter.Queue.ShouldBe("pack-parcel");
        letter.MessageId.ShouldBe(messageId.ToString());
        letter.MessageType.ShouldBe("Shop:PackParcel");
        letter.ExceptionType.ShouldBe("System.InvalidOperationException");
        letter.ExceptionMessage.ShouldBe($"The parcel of {order} is too heavy.");
        (await _shop.PackedAsync(order)).ShouldBe(0);
    }

    [Fact]
    public async Task Each_attempt_has_a_transaction_of_its_own()
    {
        var order = Guid.NewGuid();

        await _shop.PublishAsync(new PackParcel(order, Fates.FailsOnce));

        // What the first attempt had saved is not committed along with the second.
        await Eventually.TrueAsync(async () => await _shop.PackedAsync(order) > 0, "the parcel is packed");
        (await _shop.PackedAsync(order)).ShouldBe(1);
        _shop.Fates.AttemptsAt(order).ShouldBe(2);
    }

    [Fact]
    public async Task Each_wait_queue_is_used_once()
    {
        var order = Guid.NewGuid();
        // The message itself tells on older brokers only: from 4.0 on, x-death begins anew with every send.
        await using var channel = await _shop.AdministratorChannelAsync(Shop.Service);
        var copies = new List<(string WaitQueue, string Queue)>();
        foreach (var retry in Routes.RetryQueues)
        {
            var queue = (await channel.QueueDeclareAsync(durable: false, exclusive: true, cancellationToken: TestContext.Current.CancellationToken)).QueueName;
            await channel.QueueBindAsync(queue, exchange: retry.Queue, routingKey: "", cancellationToken: TestContext.Current.CancellationToken);
            copies.Add((retry.Queue, queue));
        }

        var messageId = await _shop.PublishAsync(new PackParcel(order, Fates.Fails));

        await _shop.LetterAsync(order);
        foreach (var (waitQueue, queue) in copies)
        {
            var passed = 0;
            while (await channel.BasicGetAsync(queue, autoAck: true, TestContext.Current.CancellationToken) is { } copy)
                passed += copy.BasicProperties.MessageId == messageId.ToString() ? 1 : 0;
            passed.ShouldBe(1, waitQueue);
        }
    }

    [Fact]
    public async Task What_heals_while_it_waits_is_consumed_once_and_its_inbox_lets_it_pass()
    {
        var order = Guid.NewGuid();
        _shop.Fates.Ill = true;
        await _shop.PublishAsync(new PackParcel(order, "ill"));
        await Eventually.TrueAsync(() => _shop.Fates.AttemptsAt(order) > 2, "it has been tried after a wait");

        _shop.Fates.Ill = false;

        await Eventually.EqualAsync(1, () => _shop.PackedAsync(order), "packed parcels");
        (await _shop.CountAsync($"SELECT count(*) FROM dead_letters WHERE order_id = '{order}'")).ShouldBe(0);
    }

    [Fact]
    public async Task What_trying_again_cannot_heal_goes_straight_to_the_dead_letters()
    {
        var order = Guid.NewGuid();

        await _shop.PublishAsync(new PackParcel(order, Fates.Invalid));

        var letter = await _shop.LetterAsync(order);
        _shop.Fates.AttemptsAt(order).ShouldBe(1);
        letter.Attempts.ShouldBe(1);
        letter.ExceptionType.ShouldBe("System.ComponentModel.DataAnnotations.ValidationException");
        letter.Headers.ShouldNotContain("x-death");
    }

    [Fact]
    public async Task A_consumer_that_is_cancelled_by_what_it_calls_ends_as_a_dead_letter_and_not_in_a_loop()
    {
        var order = Guid.NewGuid();

        await _shop.PublishAsync(new PackParcel(order, Fates.Canceled));

        var letter = await _shop.LetterAsync(order);
        letter.Reason.ShouldBe("fault");
        letter.ExceptionType.ShouldBe("MassTransit.ConsumerCanceledException");
        _shop.Fates.AttemptsAt(order).ShouldBe(8);
    }

    [Fact]
    public async Task One_bad_member_among_a_hundred_of_a_batch_comes_back_alone()
    {
        var good = Enumerable.Range(0, 99).Select(_ => Guid.NewGuid()).ToList();
        var bad = Guid.NewGuid();

        await Task.WhenAll(good.Select(order => _shop.PublishAsync(new WeighParcel(order, Fates.Good))).Append(_shop.PublishAsync(new WeighParcel(bad, Fates.Fails))));

        var letter = await _shop.LetterAsync(bad);
        letter.Attempts.ShouldBe(4);
        _shop.Fates.AttemptsAt(bad).ShouldBe(4);
        good.ShouldAllBe(order => _shop.Fates.AttemptsAt(order) == 1);
        (await _shop.CountAsync($"""SELECT count(*) FROM packed_parcels WHERE "OrderId" IN ('{string.Join("','", good)}')""")).ShouldBe(99);
    }
}
