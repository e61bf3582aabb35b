using System.Diagnostics;
using Topology;

namespace LocalStack;

/// <summary>One thing that the demo shows: what is done, and how it must end.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="RunAsync">Does it, and returns the order and what there is to say about it.</param>
internal sealed record DemoStory(string Title, Func<DemoStage, CancellationToken, Task<DemoOutcome>> RunAsync)
{
    /// <summary>Whether it waits until the payment deadline passes.</summary>
    public bool NeedsShortDeadline { get; init; }
}

/// <summary>How a story ended.</summary>
/// <param name="Order">Its order.</param>
/// <param name="Remarks">What the timeline does not tell.</param>
internal sealed record DemoOutcome(Guid Order, params string[] Remarks);

/// <summary>What the stories play on.</summary>
internal sealed record DemoStage(Shop Ada, Shop Operator, RunningStack Stack, BrokerTopology Topology, ManagementApi Management)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Waits until the order stands so.</summary>
    /// <exception cref="StackException">It has ended otherwise, or stands otherwise after 90 seconds.</exception>
    public async Task ReachesAsync(Guid order, string status, CancellationToken cancellationToken)
    {
        var standing = await ReachesAnyAsync(order, [status, "Cancelled", "Refunded"], cancellationToken);
        if (standing.Status != status)
            throw new StackException($"Order {order} is {standing.Status} ({standing.Reason}) and not {status}. See: infra/stack order {order}");
    }

    /// <summary>Waits until the order stands in one of these ways, and returns how.</summary>
    /// <exception cref="StackException">It stands otherwise after 90 seconds.</exception>
    public async Task<OrderStanding> ReachesAnyAsync(Guid order, string[] statuses, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var standing = await Ada.FindAsync(order, cancellationToken);
            if (standing is not null && statuses.Contains(standing.Status))
                return standing;
            if (clock.Elapsed > Patience)
                throw new StackException($"Order {order} is {standing?.Status ?? "unknown"} and not {statuses[0]} after {Patience.TotalSeconds:0} s. See: infra/stack order {order}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    /// <summary>Waits until a mail about the order was sent.</summary>
    /// <exception cref="StackException">It has none after 90 seconds.</exception>
    public async Task<IReadOnlyList<ReceivedMail>> MailAsync(Guid order, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await Stack.MailAsync(order, cancellationToken) is { Count: > 0 } mails)
                return mails;
            if (clock.Elapsed > Patience)
                throw new StackException($"There is no mail about order {order} after {Patience.TotalSeconds:0} s. See: infra/stack order {order}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }
}
