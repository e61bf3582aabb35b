using Npgsql;
using RealServers;

namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>Rows in the outbox as a process that died has left them.</summary>
public static class Rows
{
    /// <summary>Inserts rows of messages to the exchange "target".</summary>
    public static async Task Insert(NpgsqlDataSource sql, TestVirtualHost broker, int rows, string due, string age = "interval '0'")
    {
        var address = $"rabbitmq://{broker.Host}:{broker.Port}/{broker.Name}/target";
        await using var command = sql.CreateCommand(
            $$"""
            INSERT INTO outbox_message (id, bus_name, message_id, destination_address, content_type, body, sent_time, due, attempts)
            SELECT gen_random_uuid(), '', gen_random_uuid(), '{{address}}', 'application/json', convert_to('{"number":' || n || '}', 'UTF8'),
              clock_timestamp() - {{age}}, {{due}}, 0
            FROM generate_series(1, {{rows}}) n
            """);
        // A million rows take a busy machine longer than the usual 30 s.
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync();
    }
}
