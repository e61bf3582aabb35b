namespace LocalStack;

/// <summary>What the demo shows.</summary>
internal static class DemoStories
{
    private const string Customer = "ada";

    /// <summary>In this order; those in one group side by side.</summary>
    public static IReadOnlyList<IReadOnlyList<DemoStory>> All { get; } =
    [
        // Meets programs that have never run, which takes its time.
        [new("An order is placed, paid, confirmed and completed", CompletesAsync)],
        // The one that waits for its deadline keeps nobody waiting.
        [
            new("The card is declined; the customer pays with another one", PaysWithAnotherCardAsync),
            new("The same submission arrives twice, as after a lost answer", IsSubmittedTwiceAsync),
            new("The card is declined, and the payment deadline passes (10 s in the demo)", ExpiresAsync) { NeedsShortDeadline = true },
        ],
        [new("A message that nobody is bound for becomes a dead letter, and is replayed", DeadLetterStory.RunAsync)],
    ];

    private static async Task<DemoOutcome> CompletesAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        var order = await stage.Ada.PlaceAsync(Customer, cancellationToken: cancellationToken);
        if ((await stage.ReachesAnyAsync(order.Id, ["Completed", "Cancelled"], cancellationToken)).Status == "Cancelled")
        {
            // On a busy machine they need longer than the demo's short deadline. They have run now.
            Screen.Say($"  order {order.Id} was not paid in time by programs that had never run; here is another one");
            order = await stage.Ada.PlaceAsync(Customer, cancellationToken: cancellationToken);
        }

        await stage.ReachesAsync(order.Id, "Completed", cancellationToken);
        return new DemoOutcome(order.Id);
    }

    private static async Task<DemoOutcome> PaysWithAnotherCardAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        var order = await stage.Ada.PlaceAsync(Customer, "tok_decline_insufficient_funds", cancellationToken: cancellationToken);
        await stage.ReachesAsync(order.Id, "AwaitingNewPayment", cancellationToken);
        await stage.Ada.PayWithAsync(order.Id, "tok_approve", cancellationToken);
        await stage.ReachesAsync(order.Id, "Completed", cancellationToken);
        return new DemoOutcome(order.Id);
    }

    private static async Task<DemoOutcome> ExpiresAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        var order = await stage.Ada.PlaceAsync(Customer, "tok_decline", cancellationToken: cancellationToken);
        await stage.ReachesAsync(order.Id, "Cancelled", cancellationToken);
        return new DemoOutcome(order.Id);
    }

    private static async Task<DemoOutcome> IsSubmittedTwiceAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        var key = Guid.NewGuid().ToString();
        var first = await stage.Ada.PlaceAsync(Customer, idempotencyKey: key, cancellationToken: cancellationToken);
        var second = await stage.Ada.PlaceAsync(Customer, idempotencyKey: key, cancellationToken: cancellationToken);
        if (first.Id != second.Id)
            throw new StackException($"One submission became two orders, {first.Id} and {second.Id}.");
        await stage.ReachesAsync(first.Id, "Completed", cancellationToken);
        return new DemoOutcome(first.Id, $"Both answers name the same order; its Idempotency-Key was {key}.");
    }
}
