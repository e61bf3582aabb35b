using System.Linq.Expressions;
using System.Text;
using System.Text.Json.Nodes;

namespace Messaging;

/// <summary>A page of letters, newest first.</summary>
/// <param name="Items">The letters.</param>
/// <param name="Next">What to ask for as <c>after</c> to get the next page; null on the last.</param>
internal sealed record LetterPage(IReadOnlyList<LetterSummary> Items, Guid? Next);

/// <summary>A letter in a list.</summary>
internal sealed record LetterSummary(
    Guid Id,
    string Status,
    string Reason,
    string? Type,
    string? MessageId,
    Guid? OrderId,
    string? Queue,
    string? Exchange,
    string? ExceptionType,
    string? ExceptionMessage,
    int Attempts,
    int Count,
    DateTime DiedAt,
    Guid? PreviousId)
{
    /// <summary>Reads no more of a letter than a list shows; bodies and headers may be large.</summary>
    public static readonly Expression<Func<DeadLetter, LetterSummary>> Of = letter => new LetterSummary(
        letter.Id,
        letter.Status,
        letter.Reason,
        letter.MessageType,
        letter.MessageId,
        letter.OrderId,
        letter.OriginQueue,
        letter.OriginExchange,
        letter.ExceptionType,
        letter.ExceptionMessage,
        letter.Attempts,
        letter.Count,
        letter.DiedAt,
        letter.PreviousId);
}

/// <summary>A letter in full.</summary>
internal sealed record LetterDetails(
    Guid Id,
    string Status,
    string Reason,
    string? Type,
    string? MessageId,
    string? ConversationId,
    Guid? OrderId,
    LetterOrigin Origin,
    LetterException? Exception,
    int Attempts,
    int Count,
    DateTime DiedAt,
    DateTime ReceivedAt,
    DateTime LastReceivedAt,
    DateTime? ClosedAt,
    Guid? PreviousId,
    IReadOnlyList<Guid> CameBackAs,
    IReadOnlyList<LetterAction> Actions,
    JsonNode? Properties,
    JsonNode? Headers,
    LetterBody Body)
{
    public static LetterDetails Of(DeadLetter letter, IReadOnlyList<Guid> cameBackAs, IEnumerable<DeadLetterAction> actions) => new(
        letter.Id,
        letter.Status,
        letter.Reason,
        letter.MessageType,
        letter.MessageId,
        letter.ConversationId,
        letter.OrderId,
        new LetterOrigin(letter.VirtualHost, letter.OriginQueue, letter.OriginExchange, letter.RoutingKey),
        letter.ExceptionType is null ? null : new LetterException(letter.ExceptionType, letter.ExceptionMessage, letter.StackTrace),
        letter.Attempts,
        letter.Count,
        letter.DiedAt,
        letter.ReceivedAt,
        letter.LastReceivedAt,
        letter.ClosedAt,
        letter.PreviousId,
        cameBackAs,
        [.. actions.Select(action => new LetterAction(action.Action, action.By, action.At, action.Outcome, action.Detail))],
        JsonNode.Parse(letter.Properties),
        JsonNode.Parse(letter.Headers),
        LetterBody.Of(letter.Body));
}

/// <summary>Where a message died.</summary>
internal sealed record LetterOrigin(string VirtualHost, string? Queue, string? Exchange, string RoutingKey);

/// <summary>What the consumer threw.</summary>
internal sealed record LetterException(string Type, string? Message, string? StackTrace);

/// <summary>Who did what to the letter, and when.</summary>
internal sealed record LetterAction(string Action, string By, DateTime At, string Outcome, string? Detail);

/// <summary>The body: as text if it is text, otherwise in base64.</summary>
internal sealed record LetterBody(string Encoding, int Bytes, string Content)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static LetterBody Of(byte[] body)
    {
        try
        {
            return new LetterBody("utf-8", body.Length, Utf8.GetString(body));
        }
        catch (DecoderFallbackException)
        {
            return new LetterBody("base64", body.Length, Convert.ToBase64String(body));
        }
    }
}
