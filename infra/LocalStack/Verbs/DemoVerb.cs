using System.Globalization;
using Contracts;
using Topology;

namespace LocalStack;

/// <summary>"demo": starts the stack, places orders down every path, shows what became of them, and leaves it running.</summary>
internal static class DemoVerb
{
    private static readonly TimeSpan ShortDeadline = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var options = UpVerb.Options(arguments);
        options = options with { Waits = WithShortDeadline(options.Waits) };
        var placement = Placement.Of(arguments, options);
        var preparation = Preparation.Of(arguments);
        arguments.End();

        var stack = await UpVerb.EnsureAsync(options, placement, preparation, cancellationToken);
        using var management = new ManagementApi(stack.Management);
        var topology = BrokerTopology.From(stack.Topology with { Ttls = WithShortDeadline(stack.Topology.Ttls) });
        // Of a stack that "up" started, too: a changed deadline applies to orders placed afterwards.
        await Heartbeat.WhileAsync(topology.ApplyAsync(management, cancellationToken: cancellationToken), "setting the payment deadline to 10 s", Screen.Say);

        Screen.Title("Placing orders as the customer ada");
        using var ada = new Shop(stack.Edge, "dev-ada");
        using var @operator = new Shop(stack.Edge, "dev-operator");
        var stage = new DemoStage(ada, @operator, stack, topology, management);
        var waiting = EarlierDeadlines.WaitAsync(stack.Management, cancellationToken);
        await Heartbeat.WhileAsync(waiting, "earlier orders wait for their deadline", Screen.Say);
        var deadlineIsShort = !await waiting;
        if (!deadlineIsShort)
            Screen.Warn("Orders from before the demo still wait for their deadline of 15 minutes, so the story of the deadline is left out. For all of it: infra/stack down --volumes, then infra/stack demo");

        foreach (var group in DemoStories.All)
        {
            var stories = group.Where(story => deadlineIsShort || !story.NeedsShortDeadline).Select(story => (story.Title, Outcome: story.RunAsync(stage, cancellationToken))).ToList();
            foreach (var (title, outcome) in stories)
            {
                await Heartbeat.WhileAsync(outcome, "the order is on its way", Screen.Say);
                await ShowAsync(title, await outcome, stage, cancellationToken);
            }
        }

        Addresses.Show(stack);
        return 0;
    }

    private static Dictionary<string, TimeSpan> WithShortDeadline(IReadOnlyDictionary<string, TimeSpan> waits) =>
        new(waits) { [Routes.PaymentDeadline.Queue] = ShortDeadline };

    private static async Task ShowAsync(string title, DemoOutcome outcome, DemoStage stage, CancellationToken cancellationToken)
    {
        Screen.Title(title);
        Screen.Say($"  order {outcome.Order}");
        var timeline = await stage.Ada.TimelineAsync(outcome.Order, cancellationToken);
        foreach (var entry in timeline)
        {
            var after = (entry.At - timeline[0].At).TotalMilliseconds;
            Screen.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"  {after,7:0} ms  {entry.Version}  {entry.Status}{(entry.Reason is { Length: > 0 } reason ? $" ({reason})" : "")}"));
        }

        foreach (var remark in outcome.Remarks)
            Screen.Say($"  {remark}");
        foreach (var mail in await stage.MailAsync(outcome.Order, cancellationToken))
        {
            Screen.Say($"  mail to {mail.To}: {mail.Subject}");
            foreach (var line in mail.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                Screen.Say($"    | {line}");
        }
    }
}
