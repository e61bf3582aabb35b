using System.Globalization;

namespace LocalStack;

/// <summary>"status": what runs, where, and whether it is ready.</summary>
internal static class StatusVerb
{
    public static async Task<int> RunAsync(CommandLine arguments)
    {
        arguments.End();
        if (StackState.Read(StackDirectory.Path) is not { } state)
        {
            Screen.Say("No stack runs from this checkout. Start it with: infra/stack up");
            return 1;
        }

        var conditions = await Task.WhenAll(state.Parts.Select(ConditionAsync));
        Screen.Say(string.Create(CultureInfo.InvariantCulture, $"Started {state.StartedAt.ToLocalTime():yyyy-MM-dd HH:mm:ss}."));
        var rows = state.Parts.Zip(conditions, (part, condition) => new[]
        {
            part.Name,
            condition,
            part.Port == 0 ? "" : part.Port.ToString(CultureInfo.InvariantCulture),
            part.ProcessId.ToString(CultureInfo.InvariantCulture),
            part.Log,
        });
        Screen.Table([["part", "condition", "port", "process", "log"], .. rows]);
        return conditions.All(condition => condition is "running" or "ready") ? 0 : 1;
    }

    private static async Task<string> ConditionAsync(StackPart part)
    {
        if (!part.Process.IsRunning)
            return "ended";
        if (part.Kind is StackParts.Broker or StackParts.Postgres or StackParts.Mail or StackParts.PortMapper)
            return "running";

        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var path = part.Kind == StackParts.Edge ? "health/live" : "health/ready";
        try
        {
            using var response = await client.GetAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{part.Port}/{path}")));
            return response.IsSuccessStatusCode ? "ready" : "not ready";
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            return "does not answer";
        }
    }
}
