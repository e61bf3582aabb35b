using Microsoft.EntityFrameworkCore;

namespace Messaging;

/// <summary>What became of one letter of a request.</summary>
internal sealed record ReplayResult(Guid Id, string Outcome, string? Detail);

/// <summary>
/// Replays letters. The claim is committed before the message is sent, so one request sends a letter at most once however many
/// operators ask; the receiver's inbox drops the message if it had been processed after all.
/// </summary>
internal sealed class LetterReplay(LetterDatabase letters, BrokerConnections connections, TimeProvider time, MessagingMetrics metrics)
{
    /// <summary>Longer than sending can take: a claim as old as this is that of a process that died.</summary>
    private static readonly TimeSpan ClaimLifetime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Replays one letter.</summary>
    public async Task<ReplayResult> ReplayAsync(Guid id, string by, CancellationToken cancellationToken)
    {
        await using var sender = new LetterSender(connections);
        return await ReplayAsync(sender, id, by, cancellationToken);
    }

    /// <summary>Replays the first letter alone, watches whether it comes back, and then replays the others.</summary>
    /// <param name="ids">The letters.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="watch">How long the first letter has to stay away.</param>
    /// <param name="cancellationToken">Ends it between two letters.</param>
    /// <returns>One result for each letter, in the order given.</returns>
    public async Task<IReadOnlyList<ReplayResult>> ReplayAsync(
        IReadOnlyList<Guid> ids, string by, TimeSpan watch, CancellationToken cancellationToken)
    {
        await using var sender = new LetterSender(connections);
        var results = new List<ReplayResult>(ids.Count);
        string? obstacle = null;
        foreach (var id in ids)
        {
            if (obstacle is not null)
            {
                results.Add(new ReplayResult(id, ReplayOutcome.NotAttempted, obstacle));
                continue;
            }

            var result = await ReplayAsync(sender, id, by, cancellationToken);
            results.Add(result);
            if (results.Count == 1 && ids.Count > 1)
                obstacle = await ObstacleAsync(result, watch, cancellationToken);
        }

        return results;
    }

    private async Task<string?> ObstacleAsync(ReplayResult first, TimeSpan watch, CancellationToken cancellationToken)
    {
        if (first.Outcome != ReplayOutcome.Replayed)
            return $"The first letter was not replayed: {first.Outcome}.";

        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < watch;)
        {
            if (await letters.Letters.AnyAsync(letter => letter.PreviousId == first.Id, cancellationToken))
                return "The first letter came back.";
            await Task.Delay(WatchInterval, time, cancellationToken);
        }

        return null;
    }

    private async Task<ReplayResult> ReplayAsync(LetterSender sender, Guid id, string by, CancellationToken cancellationToken)
    {
        var letter = await letters.Letters.SingleOrDefaultAsync(letter => letter.Id == id, cancellationToken);
        if (letter is null)
            return new ReplayResult(id, ReplayOutcome.NotFound, "There is no such letter.");

        if (ReplayTarget.Of(letter) is not { } target)
            return new ReplayResult(id, ReplayOutcome.NoTarget, "Nothing tells where the letter came from.");

        var claimedAt = Now();
        if (!await letters.ClaimAsync(id, claimedAt, claimedAt - ClaimLifetime, cancellationToken))
            return new ReplayResult(id, ReplayOutcome.NotWaiting, "It has been replayed or discarded, or is being replayed now.");

        // From here on the caller's patience no longer counts: what is claimed has to be ended.
        var (outcome, detail) = await sender.SendAsync(letter, target, CancellationToken.None);
        await letters.EndClaimAsync(
            claimedAt,
            outcome == ReplayOutcome.Replayed ? LetterStatus.Replayed : LetterStatus.Waiting,
            new DeadLetterAction { LetterId = id, Action = "replay", By = by, At = Now(), Outcome = outcome, Detail = detail },
            CancellationToken.None);

        metrics.Operation(target.Exchange, "replay", outcome);
        return new ReplayResult(id, outcome, detail);
    }

    // PostgreSQL keeps microseconds; a claim is recognized by its time.
    private DateTime Now()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
