using Npgsql;

namespace Benchmarks.Measuring;

/// <summary>What PostgreSQL has done so far.</summary>
sealed record DatabaseCounters(long Commits, long WalBytes)
{
    public static async Task<DatabaseCounters> Read(NpgsqlDataSource superuser, string database)
    {
        // A backend reports its counters when it has been idle for a second.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        await using var command = superuser.CreateCommand(
            "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint FROM pg_stat_database WHERE datname = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = database });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new DatabaseCounters(reader.GetInt64(0), reader.GetInt64(1));
    }
}
