using System.Text.RegularExpressions;

namespace Hosting;

/// <summary>What a customer's id may look like: it stands in mail addresses and URLs.</summary>
public static partial class CustomerId
{
    /// <summary>The rule in words, for messages to people.</summary>
    public const string Rule = "1 to 64 lower case letters, digits and hyphens, the first a letter or digit";

    /// <summary>Whether <paramref name="value" /> can be a customer's id.</summary>
    public static bool IsValid(string? value) => value is not null && Pattern().IsMatch(value);

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,63}\\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
