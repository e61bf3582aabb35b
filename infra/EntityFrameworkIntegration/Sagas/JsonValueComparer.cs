using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>Compares values by their JSON, and remembers a copy of its own, so that a change inside a value is saved.</summary>
public class JsonValueComparer<T> : ValueComparer<T>
    where T : class
{
    /// <summary>Compares values as <see cref="JsonValueConverter{T}" /> stores them.</summary>
    public JsonValueComparer()
        : base(
            (left, right) => SagaJson.AreEqual(left, right),
            value => SagaJson.Serialize(value).GetHashCode(StringComparison.Ordinal),
            value => SagaJson.Deserialize<T>(SagaJson.Serialize(value)))
    {
    }
}
