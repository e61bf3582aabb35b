using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>Builds the statement that loads and locks one row.</summary>
public interface ILockStatementProvider
{
    /// <summary>The statement that selects the row with the primary key <c>{0}</c> and locks it until the transaction ends.</summary>
    /// <param name="context">The context whose model maps <typeparamref name="T" />.</param>
    string GetRowLockStatement<T>(DbContext context)
        where T : class;

    /// <summary>The statement that selects the rows whose properties equal <c>{0}</c>, <c>{1}</c> ... and locks them.</summary>
    /// <param name="context">The context whose model maps <typeparamref name="T" />.</param>
    /// <param name="propertyNames">The properties' names in the model.</param>
    string GetRowLockStatement<T>(DbContext context, params string[] propertyNames)
        where T : class;
}

/// <summary>Locks with <c>SELECT ... FOR UPDATE</c>, which holds at every isolation level.</summary>
public class PostgresLockStatementProvider : ILockStatementProvider
{
    /// <summary>Takes schema, table and column names from the model; a table without a schema there is found by the connection's search path.</summary>
    public PostgresLockStatementProvider()
    {
    }

    /// <summary>Looks for tables to which the model gives no schema in the one named here.</summary>
    /// <param name="schemaName">The schema, which must also be the first of the connection's search path, by which EF Core finds such a table.</param>
    public PostgresLockStatementProvider(string schemaName)
    {
        ArgumentException.ThrowIfNullOrEmpty(schemaName);

        SchemaName = schemaName;
    }

    internal string? SchemaName { get; }

    /// <inheritdoc />
    public string GetRowLockStatement<T>(DbContext context)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(context);

        var key = Entity<T>(context).FindPrimaryKey()
            ?? throw new ConfigurationException($"{typeof(T).Name} has no primary key in the model of {context.GetType().Name}, so its rows cannot be locked.");

        return GetRowLockStatement<T>(context, [.. key.Properties.Select(x => x.Name)]);
    }

    /// <inheritdoc />
    public string GetRowLockStatement<T>(DbContext context, params string[] propertyNames)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(propertyNames);

        var entity = Entity<T>(context);
        var table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)
            ?? throw new ConfigurationException($"{typeof(T).Name} is not mapped to a table in the model of {context.GetType().Name}.");
        var schema = table.Schema ?? SchemaName;
        var name = schema is null ? Quote(table.Name) : $"{Quote(schema)}.{Quote(table.Name)}";
        var conditions = propertyNames.Select((property, i) =>
            $"t.{Quote(entity.FindProperty(property)?.GetColumnName(table) ?? throw new ArgumentException($"{typeof(T).Name} has no property {property}.", nameof(propertyNames)))} = {{{i}}}");

        // xmin is a system column, which * leaves out.
        return $"SELECT t.*, t.xmin FROM {name} AS t WHERE {string.Join(" AND ", conditions)} FOR UPDATE";
    }

    static IEntityType Entity<T>(DbContext context)
    {
        return context.Model.FindEntityType(typeof(T))
            ?? throw new ConfigurationException(
                $"{typeof(T).Name} is not in the model of {context.GetType().Name}: map it in OnModelCreating, for example with a SagaClassMap.");
    }

    static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
