using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Npgsql;

namespace LocalStack;

/// <summary>
/// "order": everything about one order, from every database, the provider's record, the mail and the logs. It asks
/// each table for rows that name the order instead of knowing the tables, so it shows new ones by itself.
/// </summary>
internal static class OrderVerb
{
    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(arguments.Next(), out var order))
            throw new StackException("Which order? infra/stack order <id>, with the id that POST /orders answered.");
        arguments.End();
        var stack = await RunningStack.RequireAsync(cancellationToken);

        var found = false;
        foreach (var service in Routes.Services)
            found |= await ShowRowsAsync(stack, service, order, cancellationToken);

        await ShowProviderAsync(stack, order, cancellationToken);
        foreach (var mail in await stack.MailAsync(order, cancellationToken))
            Screen.Say($"\nMail to {mail.To}: {mail.Subject}\n  {mail.Body.Trim().ReplaceLineEndings("\n  ")}");
        foreach (var part in stack.Parts.Where(part => part.HasLog && part.Kind != StackParts.Mail))
            await ShowLogAsync(part, order, cancellationToken);

        if (!found)
            Screen.Say($"Nothing is known about order {order}.");
        return found ? 0 : 1;
    }

    private static async Task<bool> ShowRowsAsync(RunningStack stack, Service service, Guid order, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(stack.DatabaseOf(service));
        await connection.OpenAsync(cancellationToken);

        var found = false;
        foreach (var table in await TablesAsync(connection, cancellationToken))
        {
            var rows = await RowsAsync(connection, table, order, cancellationToken);
            if (rows.Count == 0)
                continue;
            found = true;
            Screen.Title($"{service}, table {table}");
            foreach (var row in rows)
                Screen.Say($"  {row}");
        }

        return found;
    }

    private static async Task<IReadOnlyList<string>> TablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name",
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tables = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            tables.Add(reader.GetString(0));
        return tables;
    }

    private static async Task<IReadOnlyList<string>> RowsAsync(NpgsqlConnection connection, string table, Guid order, CancellationToken cancellationToken)
    {
        // A message body is bytes, which PostgreSQL prints in hexadecimal: the id is looked for in that form, too.
        var row = $"SELECT to_jsonb(t)::text FROM \"{table}\" AS t WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%' LIMIT 100";
        await using var command = new NpgsqlCommand(row, connection) { Parameters = { new NpgsqlParameter { Value = order.ToString() } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(RowText.Readable(reader.GetString(0)));
        return rows;
    }

    private static async Task ShowProviderAsync(RunningStack stack, Guid order, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = stack.AddressOf(Stack.ProviderName) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stack.ProviderKey);
        var operations = await client.GetFromJsonAsync<JsonElement>(new Uri($"v1/orders/{order}/operations", UriKind.Relative), cancellationToken);
        // A list, or an object that holds one.
        var list = operations.ValueKind == JsonValueKind.Object ? operations.EnumerateObject().First().Value : operations;
        if (list.GetArrayLength() == 0)
            return;
        Screen.Title("The card provider's record");
        foreach (var operation in list.EnumerateArray())
            Screen.Say($"  {RowText.Readable(operation.GetRawText())}");
    }

    private static async Task ShowLogAsync(RunningPart part, Guid order, CancellationToken cancellationToken)
    {
        var found = false;
        await foreach (var line in part.ReadLogAsync(last: null, follow: false, cancellationToken))
        {
            // Whoever waits for an order asks for it again and again; that tells nothing about it.
            if (!line.Contains(order.ToString(), StringComparison.OrdinalIgnoreCase) || line.Contains("\"request\":\"GET ", StringComparison.Ordinal))
                continue;
            if (!found)
                Screen.Title($"Log of {part.Name}");
            found = true;
            Screen.Say($"  {LogLine.Readable(line)}");
        }
    }
}
