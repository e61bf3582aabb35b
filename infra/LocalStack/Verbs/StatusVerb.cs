using System.Globalization;

namespace LocalStack;

/// <summary>"status": what runs, where, and whether it is ready.</summary>
internal static class StatusVerb
{
    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        arguments.End();
        if (await RunningStack.FindAsync(cancellationToken) is not { } stack)
        {
            Screen.Say("No stack runs from this checkout. Start it with: infra/stack up");
            return 1;
        }

        var conditions = await Task.WhenAll(stack.Parts.Select(part => part.ConditionAsync(cancellationToken)));
        Screen.Say(string.Create(CultureInfo.InvariantCulture, $"Started {stack.StartedAt.ToLocalTime():yyyy-MM-dd HH:mm:ss}, {stack.Manner}."));
        var rows = stack.Parts.Zip(conditions, (part, condition) => new[]
        {
            part.Name,
            condition.Text,
            part.Port == 0 ? "" : part.Port.ToString(CultureInfo.InvariantCulture),
            part.RunsAs,
            part.LogPlace,
        });
        Screen.Table([["part", "condition", "port", "runs as", "log"], .. rows]);
        return conditions.All(condition => condition.IsGood) ? 0 : 1;
    }
}
