using System.Net;
using Contracts;
using EndToEnd.Systems;
using RealServers;
using Shouldly;
using Topology;
using Xunit;

namespace EndToEnd.Journeys;

public sealed class OrderJourneyTests(ShopSystem system) : SystemTest(system)
{
    [Fact]
    public async Task An_order_is_carried_through_three_services_to_its_mail()
    {
        var order = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        order.Status.ShouldBe("Submitted");
        order.Version.ShouldBe(1);

        await ReachesAsync(order.Id, "Completed");
        (await System.Ada.TimelineAsync(order.Id, Cancelled)).Select(entry => $"{entry.Version} {entry.Status}")
            .ShouldBe(["1 Submitted", "2 AwaitingPayment", "3 Confirmed", "4 Completed"]);
        var mail = (await MailAsync(order.Id)).ShouldHaveSingleItem();
        mail.To.ShouldBe("ada@customers.example");
        mail.Body.ShouldContain("2 x mug");
    }

    [Fact]
    public async Task Another_customers_order_does_not_exist()
    {
        var order = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        await ReachesAsync(order.Id, "Completed");
        await MailAsync(order.Id);

        foreach (var path in new[] { $"orders/{order.Id}", $"orders/{order.Id}/timeline", $"payments/{order.Id}" })
        {
            using var response = await System.Grace.GetAsync(path, Cancelled);
            response.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        using var notifications = await System.Grace.GetAsync($"notifications?orderId={order.Id}", Cancelled);
        (await notifications.Content.ReadAsStringAsync(Cancelled)).ShouldNotContain("ada");
        (await System.Operator.FindAsync(order.Id, Cancelled)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_declined_order_is_paid_with_another_card()
    {
        var order = await System.Ada.PlaceAsync("ada", "tok_decline_insufficient_funds", cancellationToken: Cancelled);
        await ReachesAsync(order.Id, "AwaitingNewPayment");

        await System.Ada.PayWithAsync(order.Id, "tok_approve", Cancelled);

        await ReachesAsync(order.Id, "Completed");
    }

    [Fact]
    public async Task An_order_that_is_not_paid_in_time_is_cancelled_and_its_customer_told()
    {
        // Messages leave a wait queue from its head only: the longer deadlines of orders that have ended stand there.
        await WaitingMessages.DropAsync(Stack.Broker.Uri, "orders", Routes.PaymentDeadline.Queue);
        await Stack.ApplyTopologyAsync(
            Stack.TopologyOptions with { Ttls = new Dictionary<string, TimeSpan> { [Routes.PaymentDeadline.Queue] = TimeSpan.FromSeconds(2) } }, Cancelled);
        try
        {
            var order = await System.Ada.PlaceAsync("ada", "tok_decline", cancellationToken: Cancelled);

            await ReachesAsync(order.Id, "Cancelled");
            (await System.Ada.FindAsync(order.Id, Cancelled))!.Reason.ShouldBe("Not paid in time");
            (await MailAsync(order.Id)).ShouldHaveSingleItem().Subject.ShouldContain("cancelled");
        }
        finally
        {
            await Stack.ApplyTopologyAsync(Stack.TopologyOptions, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Fifty_copies_of_one_submission_are_one_order()
    {
        var key = Guid.NewGuid().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Eventually.ValueAsync(
            async () =>
            {
                using var response = await System.Ada.PostOrderAsync("ada", "tok_approve", key, cancellationToken: Cancelled);
                // In flight: repeat it to get its outcome.
                return response.StatusCode == HttpStatusCode.Conflict ? null : response.Headers.Location?.ToString();
            },
            "a copy is answered")));

        answers.Distinct().ShouldHaveSingleItem();
    }
}
