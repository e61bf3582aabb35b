using System.Globalization;
using Topology;

namespace LocalStack;

/// <summary>"demo": starts the stack, places orders down every path, shows what became of them, and leaves it running.</summary>
internal static class DemoVerb
{
    private static readonly Dictionary<string, TimeSpan> ShortWaits = new() { ["payment-deadline"] = TimeSpan.FromSeconds(10) };

    public static async Task<int> RunAsync(CommandLine arguments, CancellationToken cancellationToken)
    {
        var options = UpVerb.Options(arguments) with { Waits = ShortWaits };
        var preparation = Preparation.Of(arguments);
        arguments.End();

        var state = await UpVerb.EnsureAsync(options, preparation, cancellationToken);
        await ShortenWaitsAsync(state, cancellationToken);

        Screen.Title("Placing orders as the customer ada");
        using var ada = new Shop(state.AddressOf(StackParts.Edge)!, "dev-ada");
        var stage = new DemoStage(ada, state.MailDirectory);
        // The first one meets programs that have never run; the others then go side by side, so that the one that
        // waits for its deadline keeps nobody waiting.
        foreach (var together in new[] { DemoStories.All.Take(1), DemoStories.All.Skip(1) })
        {
            var stories = together.Select(story => (story.Title, Outcome: story.RunAsync(stage, cancellationToken))).ToList();
            foreach (var (title, outcome) in stories)
            {
                await Heartbeat.WhileAsync(outcome, "the order is on its way", Screen.Say);
                await ShowAsync(title, await outcome, stage, cancellationToken);
            }
        }

        Addresses.Show(state);
        return 0;
    }

    // Of a stack that "up" started, too: a changed deadline applies to orders placed afterwards.
    private static async Task ShortenWaitsAsync(StackState state, CancellationToken cancellationToken)
    {
        var broker = state.Parts.Single(part => part.Kind == StackParts.Broker);
        using var management = new ManagementApi(new Uri(string.Create(
            CultureInfo.InvariantCulture,
            $"http://admin:{DevelopmentSecrets.BrokerAdministrator}@127.0.0.1:{state.ManagementPort}")));
        var topology = BrokerTopology.From(new TopologyOptions
        {
            Broker = new Uri(string.Create(CultureInfo.InvariantCulture, $"amqp://127.0.0.1:{broker.Port}")),
            Ttls = ShortWaits,
        });
        await Heartbeat.WhileAsync(topology.ApplyAsync(management, cancellationToken: cancellationToken), "setting the payment deadline to 10 s", Screen.Say);
    }

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
