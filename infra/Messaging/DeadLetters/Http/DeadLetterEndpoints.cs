using System.Security.Claims;
using Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Messaging;

/// <summary>The dead letters over HTTP, for operators.</summary>
public static class DeadLetterEndpoints
{
    private const int DefaultPage = 50;
    private const int MaxPage = 200;

    /// <summary>
    /// Maps <c>/{service}/dead-letters</c>, with the service's name in the path: behind the edge all services share one
    /// address, and the path alone tells whose letters are meant.
    /// </summary>
    public static void MapDeadLetters(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);

        var letters = app
            .MapGroup($"/{app.Environment.ApplicationName.ToLowerInvariant()}/dead-letters")
            .RequireAuthorization(ApiRoles.Operator)
            .WithTags("Dead letters");

        letters.MapGet("", ListAsync).WithSummary("Dead letters, newest first").ProducesValidationProblem();
        letters.MapGet("{id:guid}", GetAsync).WithSummary("One letter in full");
        letters.MapPost("{id:guid}/replay", ReplayAsync).WithSummary("Send one letter again, to where it came from");
        letters.MapPost("replay", ReplaySelectionAsync).WithSummary("Send a selection again: the first letter alone, then the rest");
        letters.MapDelete("{id:guid}", DiscardAsync).WithSummary("Close a letter without sending it");
    }

    private static async Task<Results<Ok<LetterPage>, ValidationProblem>> ListAsync(
        LetterDatabase letters,
        string? reason,
        string? type,
        Guid? orderId,
        string? queue,
        DateTimeOffset? from,
        DateTimeOffset? to,
        string? status,
        Guid? after,
        int? limit,
        CancellationToken cancellationToken)
    {
        var count = limit ?? DefaultPage;
        if (count is < 1 or > MaxPage)
            return TypedResults.ValidationProblem(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["limit"] = [$"1 to {MaxPage}."] });

        var query = new LetterFilter(reason, type, orderId, queue, from, to).Apply(letters.Letters);
        if (status is not null)
            query = query.Where(letter => letter.Status == status);
        if (after is { } last)
            query = query.Where(letter => letter.Id < last);

        // One more than asked for tells whether there is a next page.
        var found = await query.OrderByDescending(letter => letter.Id).Take(count + 1).Select(LetterSummary.Of).ToListAsync(cancellationToken);
        return TypedResults.Ok(found.Count <= count
            ? new LetterPage(found, Next: null)
            : new LetterPage(found[..count], found[count - 1].Id));
    }

    private static async Task<Results<Ok<LetterDetails>, NotFound>> GetAsync(LetterDatabase letters, Guid id, CancellationToken cancellationToken)
    {
        if (await letters.Letters.SingleOrDefaultAsync(letter => letter.Id == id, cancellationToken) is not { } letter)
            return TypedResults.NotFound();

        var cameBackAs = await letters.Letters
            .Where(later => later.PreviousId == id).OrderBy(later => later.Id).Select(later => later.Id).ToListAsync(cancellationToken);
        var actions = await letters.Actions.Where(action => action.LetterId == id).OrderBy(action => action.Id).ToListAsync(cancellationToken);
        return TypedResults.Ok(LetterDetails.Of(letter, cameBackAs, actions));
    }

    private static async Task<Results<Ok<ReplayResult>, NotFound, ProblemHttpResult>> ReplayAsync(
        LetterReplay replay, ClaimsPrincipal caller, Guid id, CancellationToken cancellationToken)
    {
        var result = await replay.ReplayAsync(id, caller.CallerName(), cancellationToken);
        return result.Outcome switch
        {
            ReplayOutcome.Replayed => TypedResults.Ok(result),
            ReplayOutcome.NotFound => TypedResults.NotFound(),
            ReplayOutcome.BrokerUnavailable => Problem(result, StatusCodes.Status503ServiceUnavailable),
            _ => Problem(result, StatusCodes.Status409Conflict),
        };
    }

    private static async Task<Results<Ok<ReplayReport>, ValidationProblem>> ReplaySelectionAsync(
        LetterDatabase letters, LetterReplay replay, ClaimsPrincipal caller, [FromBody] ReplaySelection selection, CancellationToken cancellationToken)
    {
        if (selection.Mistakes() is { Count: > 0 } mistakes)
            return TypedResults.ValidationProblem(mistakes);

        var ids = selection.Ids ?? await selection.Filter!
            .Apply(letters.Letters)
            .Where(letter => letter.Status == LetterStatus.Waiting)
            .OrderBy(letter => letter.Id)
            .Take(selection.Limit)
            .Select(letter => letter.Id)
            .ToListAsync(cancellationToken);

        var results = await replay.ReplayAsync(ids, caller.CallerName(), TimeSpan.FromSeconds(selection.WatchSeconds), cancellationToken);
        return TypedResults.Ok(new ReplayReport(results));
    }

    private static async Task<Results<NoContent, NotFound, ProblemHttpResult>> DiscardAsync(
        LetterDatabase letters, MessagingMetrics metrics, TimeProvider time, ClaimsPrincipal caller, Guid id, CancellationToken cancellationToken)
    {
        if (await letters.Letters.Where(letter => letter.Id == id).Select(LetterSummary.Of).SingleOrDefaultAsync(cancellationToken) is not { } letter)
            return TypedResults.NotFound();

        var discard = new DeadLetterAction
        {
            LetterId = id,
            Action = "discard",
            By = caller.CallerName(),
            At = time.GetUtcNow().UtcDateTime,
            Outcome = LetterStatus.Discarded,
        };
        if (!await letters.DiscardAsync(discard, cancellationToken))
            return TypedResults.Problem("Only a waiting letter can be discarded.", statusCode: StatusCodes.Status409Conflict);

        metrics.Operation(letter.Queue ?? letter.Exchange ?? "", discard.Action, discard.Outcome);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult Problem(ReplayResult result, int status) => TypedResults.Problem(
        result.Detail,
        statusCode: status,
        title: "The letter was not replayed.",
        extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["outcome"] = result.Outcome });
}
