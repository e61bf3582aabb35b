using Contracts;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Notifications;

public sealed class DeliveryTests(NotificationsSystem system) : IClassFixture<NotificationsSystem>
{
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task A_confirmed_order_is_mailed_to_its_customer()
    {
        await system.ConfirmAsync(_order);
        await system.ReachesAsync(_order, "Sent");

        var mail = system.Mail.About(_order).ShouldHaveSingleItem();
        mail.Recipient.ShouldBe("ada@customers.example");
        mail.Header("Message-ID").ShouldBe($"<OrderConfirmed.{_order}@shop.example>");
        (await system.ListAsync(_order)).ShouldHaveSingleItem().GetProperty("body").GetString()!.ShouldContain("Total: 25.00 EUR");
    }

    [Fact]
    public async Task A_cancelled_order_is_mailed_with_its_reason_and_its_refund()
    {
        await system.ConfirmAsync(_order);
        await system.CancelAsync(_order, "The payment deadline has passed.", new Money(2500, "EUR"));
        await Eventually.TrueAsync(() => system.Mail.About(_order).Count == 2, "both mails have arrived");

        var body = (await system.ListAsync(_order)).Single(item => item.GetProperty("kind").GetString() == "OrderCancelled").GetProperty("body").GetString()!;
        body.ShouldContain("The payment deadline has passed.");
        body.ShouldContain("refunded 25.00 EUR");
    }

    [Fact]
    public async Task However_often_it_is_told_there_is_one_mail_for_each_order_and_kind()
    {
        var messageId = Guid.NewGuid();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => system.ConfirmAsync(_order, messageId: messageId)));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => system.ConfirmAsync(_order)));
        await system.ReachesAsync(_order, "Sent");

        await EverythingBeforeIsDoneAsync();

        system.Mail.About(_order).Count.ShouldBe(1);
        (await system.ListAsync(_order)).Count.ShouldBe(1);
        (await system.WaitingInAsync("retry-5s")).ShouldBe(0u, "a repetition is no failure");
    }

    [Fact]
    public async Task Several_instances_share_the_work_and_repeat_no_mail()
    {
        await using var another = await system.StartAnotherAsync();
        var orders = Enumerable.Range(0, 60).Select(_ => Guid.NewGuid()).ToList();
        await Task.WhenAll(orders.Select(order => system.ConfirmAsync(order)));

        foreach (var order in orders)
            await system.ReachesAsync(order, "Sent");

        orders.ShouldAllBe(order => system.Mail.About(order).Count == 1);
    }

    [Fact]
    public async Task While_the_mail_server_is_away_mails_wait_and_none_is_lost_or_repeated()
    {
        await system.Mail.StopAsync();
        var orders = Enumerable.Range(0, 10).Select(_ => Guid.NewGuid()).ToList();
        foreach (var order in orders)
            await system.ConfirmAsync(order);
        await Eventually.TrueAsync(
            async () => (await system.ListAsync(orders[^1])).Any(item => item.GetProperty("attempts").GetInt32() > 1),
            "the last one was tried and tried again");

        system.Mail.Start();

        foreach (var order in orders)
        {
            await system.ReachesAsync(order, "Sent");
            system.Mail.About(order).Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_mail_server_that_hangs_holds_nothing_up_for_longer_than_the_timeout()
    {
        system.MailNetwork.Stall();
        await system.ConfirmAsync(_order);
        await Eventually.TrueAsync(
            async () => (await system.ListAsync(_order)).Any(item => item.GetProperty("lastError").GetString() is { } error && error.Contains("did not answer")),
            "the timeout has struck");

        system.MailNetwork.Restore();

        await system.ReachesAsync(_order, "Sent");
    }

    [Fact]
    public async Task A_temporary_refusal_is_tried_again()
    {
        system.Mail.RecipientReply = "451 try again later";
        await system.ConfirmAsync(_order);
        await Eventually.TrueAsync(
            async () => (await system.ListAsync(_order)).Any(item => item.GetProperty("lastError").GetString() is not null), "the refusal is noted");

        system.Mail.RecipientReply = "250 OK";

        await system.ReachesAsync(_order, "Sent");
    }

    [Fact]
    public async Task A_final_refusal_is_recorded_and_does_not_hold_up_the_others()
    {
        system.Mail.RecipientReply = "550 no such mailbox";
        await system.ConfirmAsync(_order);
        await system.ReachesAsync(_order, "Undeliverable");
        system.Mail.RecipientReply = "250 OK";

        await EverythingBeforeIsDoneAsync();

        system.Mail.About(_order).ShouldBeEmpty();
        (await system.ListAsync(_order)).ShouldHaveSingleItem().GetProperty("attempts").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Killed_before_the_mail_server_has_accepted_it_mails_after_the_restart()
    {
        await system.Mail.StopAsync();
        await system.ConfirmAsync(_order);
        await Eventually.TrueAsync(async () => (await system.ListAsync(_order)).Count == 1, "the notification is written down");
        await system.Service.KillAsync();
        system.Mail.Start();

        await system.StartAsync();

        await system.ReachesAsync(_order, "Sent");
        system.Mail.About(_order).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Killed_before_it_hears_of_the_acceptance_it_repeats_the_mail_with_the_same_message_id()
    {
        system.Mail.IsSilentAfterData = true;
        await system.ConfirmAsync(_order);
        await Eventually.TrueAsync(() => system.Mail.About(_order).Count == 1, "the mail server has the mail");
        await system.Service.KillAsync();
        system.Mail.IsSilentAfterData = false;

        await system.StartAsync();
        await system.ReachesAsync(_order, "Sent");

        system.Mail.About(_order).Select(mail => mail.Header("Message-ID")).ShouldBe(
            [$"<OrderConfirmed.{_order}@shop.example>", $"<OrderConfirmed.{_order}@shop.example>"]);
    }

    [Fact]
    public async Task Customers_see_their_own_notifications_only()
    {
        await system.ConfirmAsync(_order, customerId: "ada");
        await system.ReachesAsync(_order, "Sent");

        (await system.ListAsync(_order, "dev-ada")).Count.ShouldBe(1);
        (await system.ListAsync(_order, "dev-grace")).ShouldBeEmpty();
    }

    // Mails go out in the order in which they became due, and messages come in that of the queue.
    private async Task EverythingBeforeIsDoneAsync()
    {
        var last = Guid.NewGuid();
        await system.ConfirmAsync(last);
        await system.ReachesAsync(last, "Sent");
    }
}
