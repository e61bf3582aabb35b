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
        var placement = Placement.Of(arguments, options);
        var preparation = Preparation.Of(arguments);
        arguments.End();

        Addresses.Show(await EnsureAsync(options, placement, preparation, cancellationToken));
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
    public static async Task<RunningStack> EnsureAsync(
        StackOptions options,
        Placement placement,
        Preparation preparation,
        CancellationToken cancellationToken)
    {
        placement.WhyNative();
        using var directory = StackDirectory.Lock();
        var running = await RunningStack.FindAsync(cancellationToken);
        if (running is not null)
            placement.Accept(running);
        return running switch
        {
            ComposeRunningStack inContainers => await AgainAsync(inContainers, preparation, cancellationToken),
            NativeRunningStack native => await AgainAsync(native, options, preparation, cancellationToken),
            _ => await StartAsync(options, placement, preparation, cancellationToken),
        };
    }

    private static async Task<RunningStack> AgainAsync(ComposeRunningStack stack, Preparation preparation, CancellationToken cancellationToken)
    {
        if (stack.Ended.Count == 0)
        {
            Screen.Say("The stack is running already, in containers.");
            return stack;
        }

        Screen.Say($"A stack was started here in containers, and {string.Join(", ", stack.Ended)} ended since: starting what is missing; its data stay.");
        return await new ComposeLauncher(await Compose.RequireAsync(cancellationToken), ComposeProject.OfCheckout)
            .StartAsync(preparation.Build, cancellationToken);
    }

    private static async Task<RunningStack> AgainAsync(
        NativeRunningStack stack,
        StackOptions options,
        Preparation preparation,
        CancellationToken cancellationToken)
    {
        if (!stack.Covers(options))
        {
            Screen.Say("The stack runs with other services than asked for: starting it anew; its data stay.");
            await Heartbeat.WhileAsync(stack.StopAsync(), "stopping", Screen.Say);
            return await StartNativelyAsync(options, preparation, cancellationToken);
        }

        if (stack.Missing.Count == 0)
        {
            Screen.Say("The stack is running already.");
            return stack;
        }

        Screen.Say($"A stack was started here, and not all of it runs: starting {string.Join(", ", stack.Missing.Select(part => part.Name))} again; the rest goes on, and the data stay.");
        await stack.MakeRoomAsync();
        return await StartNativelyAsync(options, preparation, cancellationToken, stack.State);
    }

    private static async Task<RunningStack> StartAsync(
        StackOptions options,
        Placement placement,
        Preparation preparation,
        CancellationToken cancellationToken)
    {
        var (compose, why) = await placement.ChooseAsync(() => ContainerSupport.FindAsync(cancellationToken));
        Screen.Say(why);
        if (compose is not null)
        {
            try
            {
                return await new ComposeLauncher(compose, ComposeProject.OfCheckout).StartAsync(preparation.Build, cancellationToken);
            }
            catch (NoImagesException failure) when (placement.Containers)
            {
                throw new StackException($"The images cannot be had: {failure.Message} (all of it: {ComposeCommand.Log})", failure);
            }
            catch (NoImagesException failure)
            {
                Screen.Warn($"Native servers instead, because the images cannot be had: {failure.Message} (all of it: {ComposeCommand.Log})");
            }
        }

        return await StartNativelyAsync(options, preparation, cancellationToken);
    }

    private static async Task<RunningStack> StartNativelyAsync(
        StackOptions options,
        Preparation preparation,
        CancellationToken cancellationToken,
        StackState? earlier = null)
    {
        var clock = Stopwatch.StartNew();
        await preparation.RunAsync(cancellationToken);

        // Until everything runs, what is started here ends with this process, however that ends.
        var stack = new Stack(options);
        if (earlier is not null)
            stack.Attach(earlier);
        try
        {
            if (earlier is null)
                Screen.Say("Starting RabbitMQ, PostgreSQL and the mail server.");
            await stack.StartAsync(Screen.Say, cancellationToken);
            var state = StackState.Of(stack);
            if (earlier is not null)
                state = state with { StartedAt = earlier.StartedAt };
            state.Write(StackDirectory.Path);
            stack.Detach();
            Screen.Say(string.Create(CultureInfo.InvariantCulture, $"Everything runs, after {clock.Elapsed.TotalSeconds:0} s."));
            return new NativeRunningStack(state);
        }
        catch
        {
            Screen.Say("Stopping the stack; its data stay.");
            await Heartbeat.WhileAsync(stack.StopAsync(), "stopping", Screen.Say);
            StackState.Forget(StackDirectory.Path);
            throw;
        }
    }
}
