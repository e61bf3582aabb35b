using Contracts;
using Topology;

namespace LocalStack;

/// <summary>A stack that was started from this checkout, natively or in containers: all that the verbs need to know of it.</summary>
internal abstract class RunningStack
{
    /// <summary>How it runs, as in "The stack runs natively".</summary>
    public abstract string Manner { get; }

    /// <summary>When it was started.</summary>
    public abstract DateTimeOffset StartedAt { get; }

    /// <summary>Its parts, in the order in which they were started.</summary>
    public abstract IReadOnlyList<RunningPart> Parts { get; }

    /// <summary>The broker's management API, with the administrator's name and password.</summary>
    public abstract Uri Management { get; }

    /// <summary>What the broker's topology was made with.</summary>
    public abstract TopologyOptions Topology { get; }

    /// <summary>What the card provider wants to see from its callers.</summary>
    public abstract string ProviderKey { get; }

    /// <summary>Where a person finds the mail that was sent.</summary>
    public abstract string MailPlace { get; }

    /// <summary>PostgreSQL, as its superuser.</summary>
    public abstract string Postgres { get; }

    /// <summary>The password of a service's runtime role.</summary>
    public abstract string DatabasePasswordOf(Service service);

    /// <summary>The mails about an order that were sent so far.</summary>
    public abstract Task<IReadOnlyList<ReceivedMail>> MailAsync(Guid order, CancellationToken cancellationToken);

    /// <summary>Stops it; its data stay.</summary>
    public abstract Task StopAsync();

    /// <summary>Finds the stack of this checkout; null where none was started, or it was stopped.</summary>
    public static async Task<RunningStack?> FindAsync(CancellationToken cancellationToken) =>
        NativeRunningStack.Find() ?? (RunningStack?)await ComposeRunningStack.FindAsync(ComposeProject.OfCheckout, cancellationToken);

    /// <summary>Finds a native stack and one in containers: somebody may have started the second with docker compose.</summary>
    public static async Task<IReadOnlyList<RunningStack>> FindAllAsync(CancellationToken cancellationToken)
    {
        RunningStack?[] stacks = [NativeRunningStack.Find(), await ComposeRunningStack.FindAsync(ComposeProject.OfCheckout, cancellationToken)];
        return [.. stacks.OfType<RunningStack>()];
    }

    /// <inheritdoc cref="FindAsync" />
    /// <exception cref="StackException">There is none.</exception>
    public static async Task<RunningStack> RequireAsync(CancellationToken cancellationToken) =>
        await FindAsync(cancellationToken)
        ?? throw new StackException("No stack runs from this checkout. Start it with: infra/stack up");

    /// <summary>The address of a part that speaks HTTP; null where it is not part of this stack.</summary>
    public Uri? AddressOf(string kind) =>
        Parts.FirstOrDefault(part => part.Kind == kind && part.Port != 0) is { } found ? new Uri($"http://localhost:{found.Port}/") : null;

    /// <summary>The edge's address.</summary>
    /// <exception cref="StackException">There is none.</exception>
    public Uri Edge => AddressOf(StackParts.Edge) ?? throw new StackException("The edge does not run. Start it with: infra/stack up");

    /// <summary>Connects to a service's database as its runtime role.</summary>
    public string DatabaseOf(Service service) => DatabaseProvisioning.ConnectionString(
        Postgres,
        new DatabaseAccount(service.Name, OwnerPassword: "", DatabasePasswordOf(service)),
        owner: false);
}
