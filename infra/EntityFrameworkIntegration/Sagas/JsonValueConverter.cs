using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>
/// Keeps a property of a saga as JSON in a text column. Needs a <see cref="JsonValueComparer{T}" /> beside it, since a change inside the
/// value goes unnoticed otherwise.
/// </summary>
public class JsonValueConverter<T> : ValueConverter<T, string>
    where T : class
{
    /// <summary>Converts with MassTransit's own serializer options, without indentation.</summary>
    public JsonValueConverter()
        : base(value => SagaJson.Serialize(value), text => SagaJson.Deserialize<T>(text))
    {
    }
}
