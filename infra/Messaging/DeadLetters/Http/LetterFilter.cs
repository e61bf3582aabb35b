namespace Messaging;

/// <summary>Which letters; what is absent does not restrict.</summary>
/// <param name="Reason">Why they died: fault, skipped, unroutable, delivery_limit, …</param>
/// <param name="Type">The message's type, as in the letter.</param>
/// <param name="OrderId">The order that the message was about.</param>
/// <param name="Queue">The queue that they died in.</param>
/// <param name="From">Died at this time or later.</param>
/// <param name="To">Died before this time.</param>
internal sealed record LetterFilter(
    string? Reason = null,
    string? Type = null,
    Guid? OrderId = null,
    string? Queue = null,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null)
{
    public IQueryable<DeadLetter> Apply(IQueryable<DeadLetter> letters)
    {
        if (Reason is { } reason)
            letters = letters.Where(letter => letter.Reason == reason);
        if (Type is { } type)
            letters = letters.Where(letter => letter.MessageType == type);
        if (OrderId is { } orderId)
            letters = letters.Where(letter => letter.OrderId == orderId);
        if (Queue is { } queue)
            letters = letters.Where(letter => letter.OriginQueue == queue);
        if (From?.UtcDateTime is { } from)
            letters = letters.Where(letter => letter.DiedAt >= from);
        if (To?.UtcDateTime is { } to)
            letters = letters.Where(letter => letter.DiedAt < to);
        return letters;
    }
}
