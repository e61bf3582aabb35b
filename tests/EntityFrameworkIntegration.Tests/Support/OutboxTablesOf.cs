using Npgsql;

namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>What there is of the outbox in a database, as text to compare.</summary>
public static class OutboxTablesOf
{
    /// <summary>Tables, columns and indexes of a schema, other than those of the tests themselves.</summary>
    public static async Task<string> Schema(string connectionString, string schema)
    {
        await using var sql = NpgsqlDataSource.Create(connectionString);
        await using var command = sql.CreateCommand(
            """
            SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
              SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
              FROM information_schema.columns WHERE table_schema = $1 AND table_name ~* 'inbox|outbox'
              UNION ALL
              SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename ~* 'inbox|outbox') x
            """);
        command.Parameters.AddWithValue(schema);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
