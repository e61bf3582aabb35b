using System.Diagnostics;
using System.Text.Json;
using Contracts;
using Topology;

namespace LocalStack;

/// <summary>
/// One message from its death to its replay: somebody unbinds the queue of the mails, so a message arrives where nobody
/// is bound for it. It is kept as a dead letter; the routing table is applied again, an operator replays it, and the
/// mail goes out.
/// </summary>
internal static class DeadLetterStory
{
    private const string Endpoint = "order-notifications";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<DemoOutcome> RunAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        var exchange = Routes.All.Single(route => route.Message == typeof(Contracts.Orders.OrderConfirmed)).Exchange;
        var binding = stage.Topology.Definitions.Bindings.Single(each =>
            each.Vhost == Routes.Notifications.Name && each.Source == exchange && each.Destination == Endpoint);
        AcceptedOrder order;
        Letter letter;
        try
        {
            await stage.Management.DeleteAsync(binding, cancellationToken);
            order = await stage.Ada.PlaceAsync("ada", cancellationToken: cancellationToken);
            await stage.ReachesAsync(order.Id, "Completed", cancellationToken);
            letter = await FindAsync(stage.Operator, order.Id, cancellationToken);
        }
        finally
        {
            // Also when the demo is interrupted: it must not leave the stack without this binding.
            await stage.Topology.ApplyAsync(stage.Management, cancellationToken: CancellationToken.None);
        }

        using (var replay = new HttpRequestMessage(HttpMethod.Post, new Uri($"notifications/dead-letters/{letter.Id}/replay", UriKind.Relative)))
        using (var replayed = await stage.Operator.SendAsync(replay, cancellationToken))
        {
            if (!replayed.IsSuccessStatusCode)
                throw new StackException($"The dead letter {letter.Id} was not replayed: {await replayed.Content.ReadAsStringAsync(cancellationToken)}");
        }

        return new DemoOutcome(
            order.Id,
            $"Somebody removed the {binding.Identity}.",
            $"The confirmation became dead letter {letter.Id} ({letter.Reason}), see: infra/stack letters {letter.Id}",
            "The routing table was applied again, and the operator replayed the letter.");
    }

    private static async Task<Letter> FindAsync(Shop @operator, Guid order, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Patience)
        {
            using var response = await @operator.GetAsync($"notifications/dead-letters?orderId={order}&status=waiting", cancellationToken);
            response.EnsureSuccessStatusCode();
            using var page = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            if (page.RootElement.GetProperty("items").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } letter)
                return new Letter(letter.GetProperty("id").GetGuid(), letter.GetProperty("reason").GetString()!);
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        throw new StackException($"The confirmation of order {order} did not become a dead letter within {Patience.TotalSeconds:0} s.");
    }

    private sealed record Letter(Guid Id, string Reason);
}
