using System.Globalization;

namespace LocalStack;

/// <summary>The arguments after the verb: flags, options with values, and the rest.</summary>
internal sealed class CommandLine
{
    private readonly List<string> _remaining;

    public CommandLine(IEnumerable<string> arguments) => _remaining = [.. arguments];

    public bool Flag(string name) => _remaining.Remove(name);

    /// <summary>Takes every value of an option: "--except orders --except payments" or "--except orders,payments".</summary>
    public IReadOnlyList<string> Values(string name)
    {
        var values = new List<string>();
        for (var at = _remaining.IndexOf(name); at >= 0; at = _remaining.IndexOf(name))
        {
            if (at + 1 == _remaining.Count)
                throw new StackException($"{name} needs a value.");
            values.AddRange(_remaining[at + 1].Split(',', StringSplitOptions.RemoveEmptyEntries));
            _remaining.RemoveRange(at, 2);
        }

        return values;
    }

    /// <summary>Takes "name=number" values of an option.</summary>
    public IReadOnlyDictionary<string, int> Counts(string name)
    {
        var counts = new Dictionary<string, int>();
        foreach (var value in Values(name))
        {
            if (value.Split('=') is not [var key, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 10)
                throw new StackException($"{name} takes a service and a number from 1 to 10, such as orders=2; it was given {value}.");
            counts[key] = count;
        }

        return counts;
    }

    /// <summary>Takes the next argument that is not an option; null where there is none.</summary>
    public string? Next()
    {
        if (_remaining.FirstOrDefault(argument => !argument.StartsWith('-')) is not { } next)
            return null;
        _remaining.Remove(next);
        return next;
    }

    /// <summary>Takes all that is left.</summary>
    public IReadOnlyList<string> Rest()
    {
        string[] rest = [.. _remaining];
        _remaining.Clear();
        return rest;
    }

    /// <summary>Refuses what nobody took.</summary>
    public void End()
    {
        if (_remaining is [var unknown, ..])
            throw new StackException($"{unknown} is not understood here. See: infra/stack help");
    }
}
