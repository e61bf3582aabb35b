using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;

namespace LocalStack;

/// <summary>
/// "letters": the dead letters of the services, over the same HTTP that operators use: listed, shown, replayed, discarded.
/// </summary>
internal static class LettersVerb
{
    private const string OperatorKey = "dev-operator";

    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var stack = await RunningStack.RequireAsync(cancellationToken);
        using var client = new HttpClient { BaseAddress = stack.Edge };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperatorKey);

        var filter = Filter(arguments);
        switch (arguments.Next())
        {
            case null:
                arguments.End();
                return await ListAsync(client, filter, cancellationToken);
            case "replay":
                return await ReplayAsync(client, filter, arguments, cancellationToken);
            case "discard":
                return await DiscardAsync(client, Id(arguments), cancellationToken);
            case var id:
                arguments.End();
                return await ShowAsync(client, Id(id), cancellationToken);
        }
    }

    /// <summary>The options that choose letters, as members of the API's filter.</summary>
    private static Dictionary<string, string> Filter(CommandLine arguments)
    {
        var filter = new Dictionary<string, string>();
        foreach (var (option, member) in new[] { ("--service", "service"), ("--reason", "reason"), ("--type", "type"), ("--order", "orderId"), ("--queue", "queue") })
        {
            if (arguments.Values(option) is [var value, ..])
                filter[member] = value;
        }

        if (filter.GetValueOrDefault("service") is { } name && Routes.Services.All(service => service.Name != name))
            throw new StackException($"There is no service {name}.");
        return filter;
    }

    private static IEnumerable<Service> Services(Dictionary<string, string> filter) =>
        Routes.Services.Where(service => !filter.TryGetValue("service", out var name) || name == service.Name);

    private static async Task<int> ListAsync(HttpClient client, Dictionary<string, string> filter, CancellationToken cancellationToken)
    {
        var rows = new List<string[]>();
        foreach (var service in Services(filter))
        {
            var query = string.Concat(filter.Where(member => member.Key != "service").Select(member => $"&{member.Key}={Uri.EscapeDataString(member.Value)}"));
            var page = await GetAsync(client, $"{service}/dead-letters?status=waiting&limit=200{query}", cancellationToken);
            rows.AddRange(page.GetProperty("items").EnumerateArray().Select(letter => Row(service, letter)));
            if (page.GetProperty("next").ValueKind == JsonValueKind.String)
                Screen.Warn($"{service} has more than these.");
        }

        if (rows.Count == 0)
            Screen.Say("No letters wait.");
        else
            Screen.Table(rows);
        return 0;
    }

    private static string[] Row(Service service, JsonElement letter) =>
    [
        Text(letter, "id"),
        service.Name,
        Text(letter, "diedAt"),
        Text(letter, "reason"),
        Text(letter, "queue") is { Length: > 0 } queue ? queue : Text(letter, "exchange"),
        Text(letter, "type"),
        Text(letter, "exceptionMessage").ReplaceLineEndings(" "),
    ];

    private static async Task<int> ShowAsync(HttpClient client, Guid id, CancellationToken cancellationToken)
    {
        var letter = await GetAsync(client, $"{await OwnerAsync(client, id, cancellationToken)}/dead-letters/{id}", cancellationToken);
        foreach (var member in letter.EnumerateObject().Where(member => member.Name != "body"))
            Screen.Say($"{member.Name}: {member.Value}");
        Screen.Title($"Body, {letter.GetProperty("body").GetProperty("bytes")} bytes, {Text(letter.GetProperty("body"), "encoding")}");
        Screen.Say(Text(letter.GetProperty("body"), "content"));
        return 0;
    }

    private static async Task<int> ReplayAsync(HttpClient client, Dictionary<string, string> filter, CommandLine arguments, CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        while (arguments.Next() is { } id)
            ids.Add(Id(id));
        arguments.End();
        if (ids.Count == 0 && filter.Count == 0)
            throw new StackException("Which letters? infra/stack letters replay <id>..., or the options that the list takes, such as --service orders --reason fault");

        var selections = new List<(string Service, object Selection)>();
        if (ids.Count == 0)
        {
            var members = filter.Where(member => member.Key != "service").ToDictionary();
            selections.AddRange(Services(filter).Select(service => (service.Name, (object)new { filter = members, limit = 1000 })));
        }
        else
        {
            foreach (var id in ids)
                selections.Add((await OwnerAsync(client, id, cancellationToken), id));
            selections = [.. selections.GroupBy(letter => letter.Service, (service, letters) => (service, (object)new { ids = letters.Select(letter => letter.Selection) }))];
        }

        var done = true;
        foreach (var (service, selection) in selections)
        {
            using var response = await client.PostAsJsonAsync(new Uri($"{service}/dead-letters/replay", UriKind.Relative), selection, cancellationToken);
            var report = await ReadAsync(response, cancellationToken);
            foreach (var result in report.GetProperty("items").EnumerateArray())
            {
                done &= Text(result, "outcome") == "replayed";
                Screen.Say($"  {Text(result, "id")}  {service}  {Text(result, "outcome")}  {Text(result, "detail")}".TrimEnd());
            }
        }

        return done ? 0 : 1;
    }

    private static async Task<int> DiscardAsync(HttpClient client, Guid id, CancellationToken cancellationToken)
    {
        var owner = await OwnerAsync(client, id, cancellationToken);
        using var response = await client.DeleteAsync(new Uri($"{owner}/dead-letters/{id}", UriKind.Relative), cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new StackException(await response.Content.ReadAsStringAsync(cancellationToken));
        Screen.Say($"  {id}  {owner}  discarded");
        return 0;
    }

    /// <summary>A letter's id does not tell whose it is.</summary>
    private static async Task<string> OwnerAsync(HttpClient client, Guid id, CancellationToken cancellationToken)
    {
        foreach (var service in Routes.Services)
        {
            using var response = await client.GetAsync(new Uri($"{service}/dead-letters/{id}", UriKind.Relative), cancellationToken);
            if (response.StatusCode != HttpStatusCode.NotFound)
                return service.Name;
        }

        throw new StackException($"No service has a letter {id}.");
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return await ReadAsync(response, cancellationToken);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken) => response.IsSuccessStatusCode
        ? await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)
        : throw new StackException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");

    private static Guid Id(CommandLine arguments)
    {
        var id = Id(arguments.Next());
        arguments.End();
        return id;
    }

    private static Guid Id(string? text) => Guid.TryParse(text, out var id)
        ? id
        : throw new StackException($"{text ?? "Nothing"} is no letter's id. See: infra/stack letters");

    private static string Text(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
