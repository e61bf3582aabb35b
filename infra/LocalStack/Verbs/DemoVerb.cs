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
        var placement = Placement.Of(arguments, options);
        var preparation = Preparation.Of(arguments);
        arguments.End();

        var stack = await UpVerb.EnsureAsync(options, placement, preparation, cancellationToken);
        await PlayAsync(stack, cancellationToken);
        Addresses.Show(stack);
        return 0;
    }

    /// <summary>Tells the stories on a running stack, with a payment deadline that is short for as long as they take.</summary>
    public static async Task PlayAsync(RunningStack stack, CancellationToken cancellationToken)
    {
        using var management = new ManagementApi(stack.Management);
        var described = BrokerTopology.From(stack.Topology);
        var hurried = BrokerTopology.From(stack.Topology with { Ttls = WithShortDeadline(stack.Topology.Ttls) });
        try
        {
            // A changed deadline applies to orders placed afterwards.
            await Heartbeat.WhileAsync(hurried.ApplyAsync(management, cancellationToken: cancellationToken), "setting the payment deadline to 10 s", Screen.Say);
            await TellAsync(stack, hurried, management, cancellationToken);
        }
        finally
        {
            // After Ctrl-C, too: whoever breaks something next wants more than 10 s before his orders are cancelled.
            await Heartbeat.WhileAsync(PutBackAsync(described, management), "putting the payment deadline back", Screen.Say);
        }
    }

    private static async Task TellAsync(RunningStack stack, BrokerTopology topology, ManagementApi management, CancellationToken cancellationToken)
    {
        Screen.Title("Placing orders as the customer ada");
        using var ada = new Shop(stack.Edge, "dev-ada");
        using var @operator = new Shop(stack.Edge, "dev-operator");
        var stage = new DemoStage(ada, @operator, stack, topology, management);
        var waiting = EarlierDeadlines.WaitAsync(stack.Management, cancellationToken);
        await Heartbeat.WhileAsync(waiting, "earlier orders wait for their deadline", Screen.Say);
        var deadlineIsShort = !await waiting;
        if (!deadlineIsShort)
            Screen.Warn("Orders from before the demo wait for their deadline of 15 minutes, and a deadline of 10 s would wait behind them, because messages leave a queue from its head. So the story of the deadline is left out. For all of it: infra/stack down --volumes, then infra/stack demo");

        foreach (var group in DemoStories.All)
        {
            var stories = group.Where(story => deadlineIsShort || !story.NeedsShortDeadline).Select(story => (story.Title, Outcome: story.RunAsync(stage, cancellationToken))).ToList();
            foreach (var (title, outcome) in stories)
            {
                await Heartbeat.WhileAsync(outcome, "the order is on its way", Screen.Say);
                await ShowAsync(title, await outcome, stage, cancellationToken);
            }
        }
    }

    private static async Task PutBackAsync(BrokerTopology described, ManagementApi management)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await described.ApplyAsync(management, cancellationToken: patience.Token);
            var differences = await described.DiffAsync(management, patience.Token);
            Screen.Title(differences.Count == 0
                ? "The payment deadline is put back, and the broker is as contracts/ describes it"
                : $"The broker differs from what contracts/ describes: {string.Join(", ", differences)}");
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or TopologyException)
        {
            Screen.Warn($"The payment deadline may still be 10 s; infra/stack down, then infra/stack up, puts it back ({exception.Message})");
        }
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
