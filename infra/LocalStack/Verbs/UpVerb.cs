using System.Diagnostics;
using System.Globalization;
using Contracts;

namespace LocalStack;

/// <summary>"up": starts the stack and leaves it running.</summary>
internal static class UpVerb
{
    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var options = Options(arguments);
        var preparation = Preparation.Of(arguments);
        arguments.End();

        var state = await EnsureAsync(options, preparation, cancellationToken);
        Addresses.Show(state);
        return 0;
    }

    public static StackOptions Options(CommandLine arguments)
    {
        var except = arguments.Values("--except").ToHashSet();
        var replicas = arguments.Counts("--replicas");
        if (except.Concat(replicas.Keys).FirstOrDefault(name => Routes.Services.All(service => service.Name != name)) is { } unknown)
            throw new StackException($"There is no service {unknown}; the services are {string.Join(", ", Routes.Services)}.");
        return new StackOptions(StackDirectory.Files)
        {
            WellKnownPorts = true,
            CopyPrograms = true,
            Except = except,
            Replicas = replicas,
        };
    }

    /// <summary>Starts the stack unless it runs already.</summary>
    public static async Task<StackState> EnsureAsync(StackOptions options, Preparation preparation, CancellationToken cancellationToken)
    {
        using var directory = StackDirectory.Lock();
        if (StackState.Read(StackDirectory.Path) is { } earlier)
        {
            string[] ended = [.. earlier.Parts.Where(part => !part.Process.IsRunning).Select(part => part.Name)];
            if (ended.Length == 0 && Covers(earlier, options))
            {
                Screen.Say("The stack is running already.");
                return earlier;
            }

            Screen.Say(ended.Length == 0
                ? "The stack runs with other services than asked for: starting it anew; its data stay."
                : $"A stack was started here, and {string.Join(", ", ended)} ended since: starting it anew; its data stay.");
            await Heartbeat.WhileAsync(DownVerb.StopAsync(earlier), "stopping", Screen.Say);
        }

        return await StartAsync(options, preparation, cancellationToken);
    }

    private static bool Covers(StackState state, StackOptions options) => Routes.Services.All(service =>
        state.Parts.Count(part => part.Kind == service.Name)
        == (options.Except.Contains(service.Name) ? 0 : options.Replicas.GetValueOrDefault(service.Name, 1)));

    private static async Task<StackState> StartAsync(StackOptions options, Preparation preparation, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await preparation.RunAsync(cancellationToken);

        // Until everything runs, its processes end with this one, however this one ends.
        var stack = new Stack(options);
        try
        {
            Screen.Say("Starting RabbitMQ, PostgreSQL and the mail server.");
            await stack.StartAsync(Screen.Say, cancellationToken);
            var state = StackState.Of(stack);
            state.Write(StackDirectory.Path);
            stack.Detach();
            Screen.Say(string.Create(CultureInfo.InvariantCulture, $"Everything runs, after {clock.Elapsed.TotalSeconds:0} s."));
            return state;
        }
        catch
        {
            Screen.Say("Stopping what was started.");
            await Heartbeat.WhileAsync(stack.StopAsync(), "stopping", Screen.Say);
            StackState.Forget(StackDirectory.Path);
            throw;
        }
    }
}
