using System.Text.RegularExpressions;

namespace Orders.Submission;

/// <summary>What a payment method may look like. A card's number does not: it must never get this far.</summary>
internal static partial class PaymentMethodToken
{
    public const string Rule = "must be a token of the payment provider: 'tok_' and then 1 to 60 lower case letters, digits and underscores";

    public static bool IsValid(string value) => Pattern().IsMatch(value);

    [GeneratedRegex("^tok_[a-z0-9_]{1,60}\\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
