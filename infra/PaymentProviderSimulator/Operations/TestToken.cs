namespace PaymentProviderSimulator.Operations;

/// <summary>What a card's token makes the provider do.</summary>
public enum Behaviour
{
    Approve,

    /// <summary>Says no, with a reason.</summary>
    Decline,

    /// <summary>Answers 503 without doing anything: the first so many calls, or always.</summary>
    Error,

    /// <summary>Neither does the work nor answers.</summary>
    Hang,

    /// <summary>Does the work, then answers late. A repeat of the call is answered at once.</summary>
    Slow,

    /// <summary>Does the work, then never answers. A repeat of the call is answered at once.</summary>
    Timeout,
}

/// <summary>
/// A token such as <c>tok_approve</c>, <c>tok_decline_insufficient_funds</c> or <c>tok_capture_error_3</c>:
/// <c>tok_[capture_|void_|refund_]behaviour[_argument]</c>. Without an operation it speaks of the authorization;
/// every other operation of such a card is approved.
/// </summary>
/// <param name="Kind">The operation that behaves so.</param>
/// <param name="Behaviour">How.</param>
/// <param name="Reason">The decline code.</param>
/// <param name="Count">How many calls fail before one succeeds; null for all of them.</param>
/// <param name="Delay">How late the answer comes.</param>
public sealed record TestToken(
    OperationKind Kind,
    Behaviour Behaviour,
    string? Reason = null,
    int? Count = null,
    TimeSpan Delay = default)
{
    private const string Prefix = "tok_";

    private static readonly (string Prefix, OperationKind Kind)[] Operations =
    [
        ("capture_", OperationKind.Capture),
        ("void_", OperationKind.Void),
        ("refund_", OperationKind.Refund),
    ];

    /// <summary>Reads a token; null when there is no such test card.</summary>
    public static TestToken? Parse(string token)
    {
        if (!token.StartsWith(Prefix, StringComparison.Ordinal))
            return null;

        var rest = token[Prefix.Length..];
        var kind = OperationKind.Authorization;
        foreach (var operation in Operations)
        {
            if (!rest.StartsWith(operation.Prefix, StringComparison.Ordinal))
                continue;
            kind = operation.Kind;
            rest = rest[operation.Prefix.Length..];
            break;
        }

        var separator = rest.IndexOf('_', StringComparison.Ordinal);
        var (name, argument) = separator < 0 ? (rest, null) : (rest[..separator], rest[(separator + 1)..]);

        return (name, argument) switch
        {
            ("approve", null) => new TestToken(kind, Behaviour.Approve),
            ("decline", _) => new TestToken(kind, Behaviour.Decline, Reason: argument ?? "card_declined"),
            ("error", null) => new TestToken(kind, Behaviour.Error),
            ("error", _) when int.TryParse(argument, out var count) && count > 0 => new TestToken(kind, Behaviour.Error, Count: count),
            ("hang", null) => new TestToken(kind, Behaviour.Hang),
            ("timeout", null) => new TestToken(kind, Behaviour.Timeout),
            ("slow", _) when int.TryParse(argument, out var milliseconds) && milliseconds > 0 =>
                new TestToken(kind, Behaviour.Slow, Delay: TimeSpan.FromMilliseconds(milliseconds)),
            _ => null,
        };
    }

    /// <summary>How the given operation behaves with this card. Cancelling an authorization behaves like voiding it.</summary>
    public Behaviour For(OperationKind kind) =>
        kind == Kind || (kind == OperationKind.Cancellation && Kind == OperationKind.Void) ? Behaviour : Behaviour.Approve;
}
