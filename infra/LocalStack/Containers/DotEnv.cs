namespace LocalStack;

/// <summary>The file .env, from which Compose takes values that the environment does not have.</summary>
internal static class DotEnv
{
    /// <summary>Reads the one beside docker-compose.yml; empty where there is none.</summary>
    public static IReadOnlyDictionary<string, string> Read(string directory)
    {
        var file = Path.Combine(directory, ".env");
        return File.Exists(file) ? Parse(File.ReadLines(file)) : new Dictionary<string, string>();
    }

    /// <summary>"NAME=value" lines; the last one counts. Comments are passed over, quotes around a value removed.</summary>
    public static IReadOnlyDictionary<string, string> Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in lines.Select(line => line.Trim()).Where(line => !line.StartsWith('#')))
        {
            if (line.Split('=', 2) is [var name, var value])
                values[name.Trim()] = Unquoted(value.Trim());
        }

        return values;
    }

    private static string Unquoted(string value) => value switch
    {
        ['"' or '\'', .. var quoted] when quoted.LastIndexOf(value[0]) is >= 0 and var end => quoted[..end],
        _ => value.Split(" #")[0].TrimEnd(),
    };
}
