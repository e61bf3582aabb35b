using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using LocalStack;
using Npgsql;
using RealServers;
using Shouldly;

namespace EndToEnd.Systems;

/// <summary>
/// What holds whenever the system has come to rest, whatever was done to it: checked over every order there ever was,
/// in all databases, at the provider, in the mailbox and on the broker.
/// </summary>
public sealed class Invariants(ShopSystem system)
{
    // Everything under way ends, and that may take a broker's reconnects and a shovel's restart.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);

    public async Task HoldAsync()
    {
        try
        {
            await Eventually.SucceedsAsync(EverythingEndsAsync, "the system comes to rest", Rest);
        }
        catch (Exception notAtRest) when (notAtRest is TimeoutException or ShouldAssertException)
        {
            throw new TimeoutException($"{notAtRest.Message}\n{await Diagnosis.OfAsync(system.Stack)}", notAtRest);
        }

        await JournalsAreCompleteAsync();
        var orders = await ReadAsync(Routes.Orders, "SELECT id, status, total_amount FROM orders ORDER BY id");
        await PaymentsAgreeAsync(orders);
        await ProviderAgreesAsync(orders);
        // The last of the flow: what told of an order's end may still be on its way to Notifications.
        await Eventually.SucceedsAsync(() => MailAgreesAsync(orders), "each order's end is mailed", Rest);
        await DeadLettersAreEmptyAsync();
    }

    private async Task EverythingEndsAsync()
    {
        (await ReadAsync(Routes.Orders, "SELECT id, status FROM orders WHERE status NOT IN ('Completed', 'Cancelled', 'Refunded')"))
            .ShouldBeEmpty("every order ends");
        foreach (var service in Routes.Services)
            (await ReadAsync(service, "SELECT * FROM outbox_message")).ShouldBeEmpty($"the outbox of {service} empties");
        (await ReadAsync(Routes.Notifications, "SELECT order_id, state FROM notifications WHERE state <> 'Sent'")).ShouldBeEmpty("every mail is sent");
        (await ReadAsync(Routes.Payments, "SELECT order_id, kind, state FROM payment_attempts WHERE state IN ('Started', 'Unknown')"))
            .ShouldBeEmpty("every attempt to pay has an outcome");
    }

    /// <summary>Versions without a gap, and the order stands as its last entry says.</summary>
    private async Task JournalsAreCompleteAsync() =>
        (await ReadAsync(
            Routes.Orders,
            """
            SELECT o.id, o.version, o.status
            FROM orders o LEFT JOIN order_journal j ON j.order_id = o.id
            GROUP BY o.id
            HAVING count(j.version) <> o.version OR min(j.version) <> 1 OR max(j.version) <> o.version
                OR (array_agg(j.status ORDER BY j.version DESC))[1] <> o.status
            """)).ShouldBeEmpty("every accepted event is one journal entry");

    /// <summary>Completed means captured: once, all of it, and posted. Cancelled means that nothing is kept.</summary>
    private async Task PaymentsAgreeAsync(IReadOnlyList<object?[]> orders)
    {
        var captured = (await ReadAsync(
            Routes.Payments,
            """
            SELECT p.order_id, p.amount
            FROM payments p
            JOIN ledger_entries l ON l.order_id = p.order_id AND l.kind = 'Capture' AND l.amount = p.amount AND l.currency = p.currency
            WHERE p.status = 'Captured'
            """)).Select(row => ((Guid)row[0]!, (long)row[1]!));
        captured.ShouldBe(Completed(orders), ignoreOrder: true, "completed orders are captured and posted, and no others");

        (await ReadAsync(Routes.Payments, "SELECT currency, sum(balance) FROM ledger_balances GROUP BY currency HAVING sum(balance) <> 0"))
            .ShouldBeEmpty("the ledger sums to zero");
    }

    /// <summary>The provider's own record: nobody was charged twice, or for an order that did not complete.</summary>
    private async Task ProviderAgreesAsync(IReadOnlyList<object?[]> orders)
    {
        using var client = new HttpClient { BaseAddress = system.Stack.Provider.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", DevelopmentSecrets.Provider);
        var captures = new List<(Guid, long)>();
        foreach (var row in orders)
        {
            var operations = await client.GetFromJsonAsync<JsonElement>(new Uri($"v1/orders/{row[0]}/operations", UriKind.Relative));
            captures.AddRange(operations.EnumerateArray()
                .Where(operation => operation.GetProperty("kind").GetString() == "capture" && operation.GetProperty("outcome").GetString() == "succeeded")
                .Select(operation => (operation.GetProperty("orderId").GetGuid(), operation.GetProperty("amount").GetInt64())));
        }

        captures.ShouldBe(Completed(orders), ignoreOrder: true, "the provider captured each completed order once, and nothing else");
    }

    /// <summary>One mail for each order and kind. A crash may repeat it, under the same Message-ID.</summary>
    private Task MailAgreesAsync(IReadOnlyList<object?[]> orders)
    {
        var mails = ReceivedMail.ReadAll(system.Stack.Mail.Maildir).Select(mail => mail.Id).Distinct().ToList();
        var expected = orders.Select(row => (string)row[1]! switch
        {
            "Completed" => $"<OrderConfirmed.{row[0]}@orders.example>",
            var status => $"<Order{status}.{row[0]}@orders.example>",
        });
        mails.ShouldBe(expected, ignoreOrder: true, "each order's end was mailed");
        return Task.CompletedTask;
    }

    private async Task DeadLettersAreEmptyAsync()
    {
        foreach (var service in Routes.Services)
        {
            (await WaitingMessages.InAsync(system.Stack.Broker.Uri, service.Name, "dead-letters")).ShouldBe(0u, $"nothing of {service} was given up");
            (await ReadAsync(service, "SELECT message_type, reason, origin_queue, exception_message FROM dead_letters WHERE status = 'waiting'")).ShouldBeEmpty($"nothing of {service} was given up");
        }
    }

    private static IEnumerable<(Guid, long)> Completed(IReadOnlyList<object?[]> orders) =>
        orders.Where(row => (string)row[1]! == "Completed").Select(row => ((Guid)row[0]!, (long)row[2]!));

    private async Task<IReadOnlyList<object?[]>> ReadAsync(Service service, string sql)
    {
        await using var connection = new NpgsqlConnection(system.Stack.DatabaseOf(service));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        while (await reader.ReadAsync())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return rows;
    }
}
