using System.Collections.Concurrent;
using System.Net;
using RealServers;
using Services.Tests.Hosting;
using Shouldly;

namespace Services.Tests.Orders;

/// <summary>The service's process ends as if the machine had lost its power.</summary>
public sealed class CrashTests(OrdersSystem orders) : IClassFixture<OrdersSystem>
{
    private const int Orders = 60;

    [Fact]
    public async Task What_was_answered_exists_and_completes_and_what_was_not_exists_at_most_once()
    {
        orders.Payments.GrantsEverything = true;
        var answered = new ConcurrentDictionary<string, HttpStatusCode>();
        var keys = Enumerable.Range(0, Orders).Select(number => $"crash-{number}").ToList();

        // Killed in the middle: some orders answered, some committed and not answered, some neither.
        var placing = Task.WhenAll(keys.Select(key => TryPlaceAsync(key, answered)));
        await Eventually.TrueAsync(() => answered.Count >= Orders / 4, "a quarter of the orders is answered");
        await orders.Service.KillAsync();
        await placing;
        answered.Count.ShouldBeLessThan(Orders);
        answered.Values.ShouldAllBe(status => status == HttpStatusCode.Accepted);

        var beforeRepeats = await KeysAsync();
        answered.Keys.ShouldBeSubsetOf(beforeRepeats);

        await orders.LaunchAsync();
        await orders.Service.ReadyAsync();
        foreach (var key in keys)
        {
            using var repeat = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body("tok_crash"), key);
            repeat.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        await Eventually.EqualAsync("60 orders, 60 completed, 240 journal rows", TallyAsync, "what came of the keys");
        await Eventually.EqualAsync(0, () => orders.CountAsync("outbox_message"), "messages left in the outbox");
    }

    [Fact]
    public async Task Two_instances_share_the_work_and_one_may_be_killed()
    {
        orders.Payments.GrantsEverything = true;
        await using var second = await ServiceProcess.StartAsync(OrdersSystem.Project, orders.Settings);
        await second.ReadyAsync();
        using var ada = second.Client("dev-ada");
        var keys = Enumerable.Range(0, Orders).Select(number => $"two-{number}").ToList();

        // Each key goes to both instances at once.
        var responses = await Task.WhenAll(keys.SelectMany(key => new[]
        {
            OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), key),
            OrdersSystem.PostAsync(ada, OrdersSystem.Body(), key),
        }));
        await second.KillAsync();

        responses.ShouldAllBe(response => response.StatusCode == HttpStatusCode.Accepted || response.StatusCode == HttpStatusCode.Conflict);
        var placed = responses.Where(response => response.StatusCode == HttpStatusCode.Accepted)
            .Select(response => Guid.Parse(response.Headers.Location!.ToString().Split('/')[^1]))
            .ToHashSet();
        placed.Count.ShouldBe(Orders);
        foreach (var id in placed)
        {
            await orders.ReachesAsync(id, "Completed");
            (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment Confirmed Completed");
        }
    }

    private async Task TryPlaceAsync(string key, ConcurrentDictionary<string, HttpStatusCode> answered)
    {
        try
        {
            using var response = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body("tok_crash"), key);
            answered[key] = response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // Not answered: the caller cannot know.
        }
    }

    private async Task<IReadOnlyList<string>> KeysAsync()
    {
        await using var command = orders.Database.CreateCommand(
            "SELECT r.key FROM submission_receipts r JOIN orders o ON o.id = r.order_id JOIN order_journal j ON j.order_id = o.id AND j.version = 1");
        await using var reader = await command.ExecuteReaderAsync();
        var keys = new List<string>();
        while (await reader.ReadAsync())
            keys.Add(reader.GetString(0));
        return keys;
    }

    private async Task<string> TallyAsync()
    {
        await using var command = orders.Database.CreateCommand(
            """
            SELECT count(DISTINCT o.id) || ' orders, ' || count(DISTINCT o.id) FILTER (WHERE o.status = 'Completed') || ' completed, '
                || count(*) || ' journal rows'
            FROM orders o JOIN order_journal j ON j.order_id = o.id
            WHERE o.payment_method = 'tok_crash'
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
