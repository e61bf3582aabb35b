namespace LocalStack;

/// <summary>"down": ends every process and container of the stack; its data stay unless asked otherwise.</summary>
internal static class DownVerb
{
    public static async Task<int> RunAsync(CommandLine arguments)
    {
        var volumes = arguments.Flag("--volumes");
        arguments.End();

        using var directory = StackDirectory.Lock();
        var running = await RunningStack.FindAllAsync(CancellationToken.None);
        foreach (var stack in running)
            await Heartbeat.WhileAsync(stack.StopAsync(), "stopping", Screen.Say);

        Screen.Say(running.Count > 0 ? "Everything is stopped." : "Nothing was running.");
        if (volumes)
            await DeleteDataAsync();
        return 0;
    }

    private static async Task DeleteDataAsync()
    {
        var project = ComposeProject.OfCheckout;
        if ((await Docker.VolumesAsync(project.Name, CancellationToken.None)).Count > 0)
        {
            var command = new ComposeCommand(await Compose.RequireAsync(CancellationToken.None), project);
            await Heartbeat.WhileAsync(command.DownAsync(volumes: true), "deleting data", Screen.Say);
        }

        Directory.Delete(StackDirectory.Files, recursive: true);
        Screen.Say("Its data, mail and logs are deleted.");
    }
}
