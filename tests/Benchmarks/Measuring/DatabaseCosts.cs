using Benchmarks.Flows;
using Npgsql;
using RealServers;

namespace Benchmarks.Measuring;

/// <summary>
/// What an order costs the database. Counted on a run of its own, through a proxy that counts round trips, since the proxy would
/// disturb the measurement of time.
/// </summary>
sealed record DatabaseCosts(double RoundTrips, double Commits, double WalBytes)
{
    const int Orders = 300;
    const int Concurrency = 10;

    public static async Task<DatabaseCosts> Of(Func<string, Task<IOrderFlow>> start, TestDatabase database, NpgsqlDataSource owner)
    {
        await using PostgresProxy proxy = new(database.ConnectionString);
        await using var flow = await start(proxy.ConnectionString);
        await Throughput.Of(flow, Orders, Concurrency);
        await Checkpoint(owner);

        var before = await Read(owner, proxy);
        await Throughput.Of(flow, Orders, Concurrency);
        var after = await Read(owner, proxy);

        return new DatabaseCosts(
            (after.RoundTrips - before.RoundTrips) / Orders,
            (after.Commits - before.Commits) / Orders,
            (after.WalBytes - before.WalBytes) / Orders);
    }

    // Else the first change of each page after a checkpoint would write the whole page into the log, at a time of its own choosing.
    static async Task Checkpoint(NpgsqlDataSource superuser)
    {
        await using var command = superuser.CreateCommand("CHECKPOINT");
        await command.ExecuteNonQueryAsync();
    }

    static async Task<DatabaseCosts> Read(NpgsqlDataSource superuser, PostgresProxy proxy)
    {
        // A transaction that writes nothing takes no number and no write to the log.
        await using var command = superuser.CreateCommand(
            "SELECT pg_current_xact_id()::text::bigint, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new DatabaseCosts(proxy.RoundTrips, reader.GetInt64(0), reader.GetInt64(1));
    }
}
