using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace MassTransit.EntityFrameworkCoreIntegration.Sagas;

/// <summary>Inserts a new saga unless it exists, so that of two messages that create it one wins and the other finds it.</summary>
static class SagaInsert
{
    /// <returns>
    /// False if it exists already (after waiting for the transaction that creates it), or if the saga is more than plain columns of one
    /// table; then it is added when it is saved.
    /// </returns>
    public static async Task<bool> TryInsert<TSaga>(DbContext context, TSaga saga, CancellationToken cancellationToken)
        where TSaga : class, ISaga
    {
        var entry = context.Entry(saga);
        var entity = entry.Metadata;
        if (StoreObjectIdentifier.Create(entity, StoreObjectType.Table) is not { } table || !IsPlain(entity))
            return false;

        await context.Database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await using var command = context.Database.GetDbConnection().CreateCommand();
            command.Transaction = context.Database.CurrentTransaction?.GetDbTransaction();

            List<string> columns = [];
            foreach (var property in entity.GetProperties().Where(x => x.ValueGenerated == ValueGenerated.Never))
            {
                var parameter = property.GetRelationalTypeMapping().CreateParameter(command, $"p{columns.Count}",
                    entry.Property(property.Name).CurrentValue, property.IsNullable);
                command.Parameters.Add(parameter);
                columns.Add(Quote(property.GetColumnName(table)!));
            }

            var name = table.Schema is null ? Quote(table.Name) : $"{Quote(table.Schema)}.{Quote(table.Name)}";
            var values = columns.Select((_, i) => $"@p{i}");
#pragma warning disable CA2100 // The names are the model's own, quoted; the values are parameters.
            command.CommandText = $"INSERT INTO {name} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", values)}) ON CONFLICT DO NOTHING";
#pragma warning restore CA2100
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1;
        }
        finally
        {
            await context.Database.CloseConnectionAsync().ConfigureAwait(false);
        }
    }

    static bool IsPlain(IEntityType entity)
    {
        return entity.BaseType is null && !entity.GetDirectlyDerivedTypes().Any() && !entity.GetComplexProperties().Any()
            && !entity.GetNavigations().Any(x => x.TargetEntityType.IsOwned());
    }

    static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
