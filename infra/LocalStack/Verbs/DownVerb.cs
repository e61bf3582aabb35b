namespace LocalStack;

/// <summary>"down": ends every process of the stack; its data stay unless asked otherwise.</summary>
internal static class DownVerb
{
    public static async Task<int> RunAsync(CommandLine arguments)
    {
        var volumes = arguments.Flag("--volumes");
        arguments.End();

        using var directory = StackDirectory.Lock();
        if (StackState.Read(StackDirectory.Path) is { } state)
            await Heartbeat.WhileAsync(StopAsync(state), "stopping", Screen.Say);
        else
            Screen.Say("Nothing was running.");

        if (volumes)
        {
            Directory.Delete(StackDirectory.Files, recursive: true);
            Screen.Say("Its data, mail and logs are deleted.");
        }

        return 0;
    }

    public static async Task StopAsync(StackState state)
    {
        // What depends on others goes first, and what runs side by side ends side by side.
        foreach (var layer in state.Parts.Reverse().GroupBy(Layer).OrderBy(layer => layer.Key))
        {
            Screen.Say($"Stopping {string.Join(", ", layer.Select(part => part.Name))}.");
            await Task.WhenAll(layer.Select(part => part.Process.StopAsync(
                TimeSpan.FromSeconds(40),
                part.Kind == StackParts.Postgres ? StopSignal.Interrupt : StopSignal.Terminate)));
        }

        StackState.Forget(StackDirectory.Path);
        Screen.Say("Everything is stopped.");
    }

    private static int Layer(StackPart part) => part.Kind switch
    {
        StackParts.Edge => 0,
        StackParts.Broker or StackParts.Postgres or StackParts.Mail or Stack.ProviderName => 2,
        StackParts.PortMapper => 3,
        _ => 1,
    };
}
