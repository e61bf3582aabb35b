using System.Text.Json;
using MassTransit.Serialization;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>How a property of a saga is written as JSON: like a message, but without indentation.</summary>
static class SagaJson
{
    static readonly JsonSerializerOptions Options = new(SystemTextJsonMessageSerializer.Options) { WriteIndented = false };

    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Options);

    public static T Deserialize<T>(string text)
        where T : class
    {
        return JsonSerializer.Deserialize<T>(text, Options)!;
    }

    public static bool AreEqual<T>(T? left, T? right)
        where T : class
    {
        return ReferenceEquals(left, right)
            || (left is not null && right is not null && string.Equals(Serialize(left), Serialize(right), StringComparison.Ordinal));
    }
}
