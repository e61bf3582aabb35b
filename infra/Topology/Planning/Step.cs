namespace Topology;

/// <summary>One change that brings the broker nearer to what is wanted, and the line that <c>diff</c> prints of it.</summary>
public abstract record Step
{
    /// <summary>What is missing, different or too much.</summary>
    public abstract string Description { get; }

    /// <summary>Makes the change.</summary>
    internal abstract Task RunAsync(ManagementApi broker, CancellationToken cancellationToken);

    /// <inheritdoc />
    public sealed override string ToString() => Description;
}

/// <summary>Something is missing.</summary>
internal sealed record Create(Resource Wanted) : Step
{
    public override string Description => $"+ {Wanted.Identity}";

    internal override Task RunAsync(ManagementApi broker, CancellationToken cancellationToken) => broker.PutAsync(Wanted, cancellationToken);
}

/// <summary>Something is not as it should be.</summary>
internal sealed record Change(Resource Wanted, Resource Current) : Step
{
    public override string Description => $"~ {Wanted.Identity}: {Differences.Between(Current, Wanted)}";

    internal override Task RunAsync(ManagementApi broker, CancellationToken cancellationToken) => broker.PutAsync(Wanted, cancellationToken);
}

/// <summary>Something is there that should not be.</summary>
internal sealed record Remove(Resource Current) : Step
{
    public override string Description => $"- {Current.Identity}";

    internal override async Task RunAsync(ManagementApi broker, CancellationToken cancellationToken)
    {
        if (Current is Queue queue && !await broker.IsEmptyAsync(queue.Vhost, queue.Name, cancellationToken))
            throw new TopologyException($"{queue.Identity} has no purpose any more and still holds messages: move or purge them and apply again.");
        await broker.DeleteAsync(Current, cancellationToken);
    }
}

/// <summary>A shovel is declared as it should be and does not run: after a refused sign-in it only tries again when put anew.</summary>
internal sealed record Restart(Parameter Shovel, string State) : Step
{
    public override string Description => $"! {Shovel.Identity} is {State}, to be started again";

    internal override async Task RunAsync(ManagementApi broker, CancellationToken cancellationToken)
    {
        await broker.DeleteAsync(Shovel, cancellationToken);
        await broker.PutAsync(Shovel, cancellationToken);
    }
}
