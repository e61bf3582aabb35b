using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Topology;

/// <summary>Says in what members two states of a resource differ; never says a password.</summary>
internal static partial class Differences
{
    public static string Between(Resource current, Resource wanted)
    {
        if (wanted is User)
            return "another password or other tags";

        var now = Members(current);
        var then = Members(wanted);
        return string.Join(
            ", ",
            now.Keys.Union(then.Keys)
                .Where(member => now.GetValueOrDefault(member) != then.GetValueOrDefault(member))
                .Select(member => $"{member} {Becomes(now.GetValueOrDefault(member, "unset"), then.GetValueOrDefault(member, "unset"))}"));
    }

    private static string Becomes(string current, string wanted)
    {
        var (now, then) = (WithoutCredentials(current), WithoutCredentials(wanted));
        return now == then ? "with another user or password" : $"{now} becomes {then}";
    }

    private static Dictionary<string, string> Members(Resource resource)
    {
        var members = new Dictionary<string, string>();
        Collect(JsonSerializer.SerializeToNode(resource, resource.GetType(), Definitions.Json)!.AsObject(), members);
        return members;
    }

    private static void Collect(JsonObject node, Dictionary<string, string> members)
    {
        foreach (var (name, value) in node)
            if (value is JsonObject nested)
                Collect(nested, members);
            else
                members[name] = value?.ToString() ?? "null";
    }

    private static string WithoutCredentials(string value) => CredentialsInAddress().Replace(value, "://");

    [GeneratedRegex("://[^@/ ]*@", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CredentialsInAddress();
}
