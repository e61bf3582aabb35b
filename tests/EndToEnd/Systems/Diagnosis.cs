using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;
using LocalStack;
using Npgsql;

namespace EndToEnd.Systems;

/// <summary>What anybody would ask first of a system that does not come to rest: orders, outboxes, queues and warnings.</summary>
internal static class Diagnosis
{
    private const int Warnings = 5;

    public static async Task<string> OfAsync(Stack stack)
    {
        var text = new StringBuilder();
        try
        {
            await TellAllAsync(text, stack);
        }
        catch (Exception exception) when (exception is NpgsqlException or HttpRequestException)
        {
            // It explains another failure, and must not stand in for it.
            text.AppendLine(CultureInfo.InvariantCulture, $"There it ends: {exception.Message}");
        }

        return text.ToString();
    }

    private static async Task TellAllAsync(StringBuilder text, Stack stack)
    {
        await TellAsync(text, stack, Routes.Orders, "SELECT status, count(*) FROM orders GROUP BY status ORDER BY status");
        foreach (var service in Routes.Services)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{service}:");
            await TellAsync(text, stack, service, "SELECT 'outbox', message_id, attempts, due, last_error FROM outbox_message ORDER BY id LIMIT 5");
            foreach (var line in Log.After(stack[service].Log, 0).Split('\n').Where(IsWarning).TakeLast(Warnings))
                text.AppendLine(line.Length > 300 ? line[..300] : line);
        }

        await TellQueuesAsync(text, stack.Broker.ManagementUri);
    }

    // A health check that was not yet good says nothing about why.
    private static bool IsWarning(string line) =>
        (line.Contains("\"Warning\"", StringComparison.Ordinal) || line.Contains("\"Error\"", StringComparison.Ordinal) || line.Contains("\"Critical\"", StringComparison.Ordinal))
        && !line.Contains("HealthCheckService", StringComparison.Ordinal);

    private static async Task TellAsync(StringBuilder text, Stack stack, Service service, string sql)
    {
        await using var connection = new NpgsqlConnection(stack.DatabaseOf(service));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            text.AppendLine(string.Join(' ', row));
        }
    }

    /// <summary>Queues that hold something, and endpoints that nobody consumes from.</summary>
    private static async Task TellQueuesAsync(StringBuilder text, Uri management)
    {
        using var client = new HttpClient { BaseAddress = new UriBuilder(management) { UserName = "", Password = "" }.Uri };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        var queues = await client.GetFromJsonAsync<JsonElement>(new Uri("api/queues?columns=vhost,name,messages,consumers", UriKind.Relative));
        foreach (var queue in queues.EnumerateArray())
        {
            var (messages, consumers) = (Number(queue, "messages"), Number(queue, "consumers"));
            var waits = Routes.RetryQueues.Any(retry => queue.GetProperty("name").ValueEquals(retry.Queue));
            if (messages > 0 || (consumers == 0 && !waits))
                text.AppendLine(CultureInfo.InvariantCulture, $"{queue.GetProperty("vhost")} {queue.GetProperty("name")}: {messages} messages, {consumers} consumers");
        }
    }

    private static int Number(JsonElement queue, string name) => queue.TryGetProperty(name, out var value) ? value.GetInt32() : 0;
}
