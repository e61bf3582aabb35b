namespace LocalStack;

/// <summary>Where the stack is to run: what was asked for on the command line, and what the machine has.</summary>
/// <param name="Native">Whether --native was given.</param>
/// <param name="Containers">Whether --compose was given.</param>
/// <param name="NativeOption">An option that only native processes can follow, such as --except; null where none was given.</param>
internal sealed record Placement(bool Native, bool Containers, string? NativeOption)
{
    public static Placement Of(CommandLine arguments, StackOptions options) => new(
        arguments.Flag("--native"),
        arguments.Flag("--compose"),
        options.Except.Count > 0 ? "--except" : options.Replicas.Count > 0 ? "--replicas" : null);

    /// <summary>Whether containers are out of the question, whatever the machine has; and why, in a sentence.</summary>
    /// <exception cref="StackException">What was asked for contradicts itself.</exception>
    public string? WhyNative()
    {
        if (Native && Containers)
            throw new StackException("--native and --compose do not go together.");
        if (Containers && NativeOption is not null)
            throw new StackException($"--compose and {NativeOption} do not go together: {WhyNotInContainers}.");
        return Native ? "Native servers, because of --native."
            : NativeOption is not null ? $"Native servers, because of {NativeOption}: {WhyNotInContainers}."
            : null;
    }

    /// <summary>Whether it is to be containers, and why, in a sentence.</summary>
    /// <param name="machine">What the machine has; asked only if it matters.</param>
    /// <exception cref="StackException">Containers were asked for, and the machine has none.</exception>
    public async Task<(Compose? Compose, string Why)> ChooseAsync(Func<Task<ContainerSupport>> machine)
    {
        if (WhyNative() is { } native)
            return (null, native);
        var support = await machine();
        if (support.Compose is { } compose)
            return (compose, $"In containers: Docker {support.Engine} answers, with Compose {compose.Version}{(Containers ? "" : " (--native does without)")}.");
        return Containers
            ? throw new StackException($"--compose cannot be followed: {support.WhyNot}.")
            : (null, $"Native servers: {support.WhyNot}.");
    }

    /// <summary>Refuses to go on with a stack that runs in another manner than asked for.</summary>
    /// <exception cref="StackException">It does.</exception>
    public void Accept(RunningStack running)
    {
        if (running is ComposeRunningStack && WhyNative() is not null)
            throw new StackException($"The stack of this checkout runs in containers, and {(Native ? "--native" : NativeOption)} asks for native servers. Stop it first: infra/stack down");
        if (running is NativeRunningStack && Containers)
            throw new StackException("The stack of this checkout runs natively, and --compose asks for containers. Stop it first: infra/stack down");
    }

    private string WhyNotInContainers => NativeOption == "--except"
        ? "containers would not reach a service that is debugged outside of them"
        : "the containers' ports on this machine are fixed, one for each service";
}

/// <summary>What a machine has for containers.</summary>
/// <param name="Compose">Compose, if there is an engine that answers, too.</param>
/// <param name="Engine">The engine's version.</param>
/// <param name="WhyNot">Why there are to be no containers.</param>
internal sealed record ContainerSupport(Compose? Compose, string? Engine, string WhyNot)
{
    public static async Task<ContainerSupport> FindAsync(CancellationToken cancellationToken)
    {
        var (engine, whyNot) = await Docker.FindEngineAsync(cancellationToken);
        if (engine is null)
            return new ContainerSupport(Compose: null, Engine: null, whyNot);
        var (compose, whyNoCompose) = await Compose.FindAsync(cancellationToken);
        return new ContainerSupport(compose, engine, whyNoCompose);
    }
}
