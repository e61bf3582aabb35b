using System.Collections.Concurrent;
using System.Net;
using Npgsql;
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

        // Killed in the middle: some orders answered, some committed and not answered, some neither; one for certain, held up here.
        await using var connection = await orders.Database.OpenConnectionAsync();
        await using var holdUp = await connection.BeginTransactionAsync();
        await TakeReceiptAsync(keys[^1], connection, holdUp);
        var placing = Task.WhenAll(keys.Select(key => TryPlaceAsync(key, answered)));
        await Eventually.TrueAsync(() => Accepted().Count >= Orders / 4, "a quarter of the orders is accepted");
        await orders.Service.KillAsync();
        await placing;
        await holdUp.RollbackAsync();
        Accepted().ShouldNotContain(keys[^1]);
        // A database that does not answer in time is 503, which promises nothing about the order.
        answered.Values.ShouldBeSubsetOf([HttpStatusCode.Accepted, HttpStatusCode.ServiceUnavailable]);

        Accepted().ShouldBeSubsetOf(await KeysAsync());

        await orders.LaunchAsync();
        await orders.Service.ReadyAsync();
        foreach (var key in keys)
            await SubmitAsync(orders.Ada, "tok_crash", key);

        await Eventually.EqualAsync("60 orders, 60 completed, 240 journal rows", TallyAsync, "what came of the keys");
        await Eventually.EqualAsync(0, () => orders.CountAsync("outbox_message"), "messages left in the outbox");

        List<string> Accepted() => [.. answered.Where(answer => answer.Value == HttpStatusCode.Accepted).Select(answer => answer.Key)];
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
        var answers = await Task.WhenAll(keys.SelectMany(key => new[]
        {
            SubmitAsync(orders.Ada, "tok_approve", key),
            SubmitAsync(ada, "tok_approve", key),
        }));
        await second.KillAsync();

        var placed = answers.Select(location => Guid.Parse(location.Split('/')[^1])).ToHashSet();
        placed.Count.ShouldBe(Orders);
        foreach (var id in placed)
        {
            await orders.ReachesAsync(id, "Completed");
            (await orders.TimelineAsync(id)).ShouldBe("Submitted AwaitingPayment Confirmed Completed");
        }
    }

    /// <summary>Submits an order and, as a client does, submits it again when it is told to come back later.</summary>
    /// <returns>Where the order is.</returns>
    private static Task<string> SubmitAsync(HttpClient caller, string paymentMethod, string key) => Eventually.ValueAsync(
        async () =>
        {
            using var response = await OrdersSystem.PostAsync(caller, OrdersSystem.Body(paymentMethod), key);
            if (response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable)
                return null;
            response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            return response.Headers.Location!.ToString();
        },
        $"submission {key} is accepted");

    /// <summary>Lets whoever stores a receipt under this key wait until the transaction ends.</summary>
    private static async Task TakeReceiptAsync(string key, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO submission_receipts (caller, key, fingerprint, response, order_id, created_at) VALUES ('customer:ada', $1, '', '', gen_random_uuid(), now())",
            connection,
            transaction);
        command.Parameters.AddWithValue(key);
        await command.ExecuteNonQueryAsync();
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
