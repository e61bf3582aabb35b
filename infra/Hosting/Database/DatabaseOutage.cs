using System.Net.Sockets;
using Npgsql;

namespace Hosting;

/// <summary>
/// Tells a database that is away, which passes, from other failures. EF Core wraps the driver's exception, in different ways
/// for queries and for saving, so the whole chain is looked at.
/// </summary>
public static class DatabaseOutage
{
    /// <summary>Whether a database that could not be reached, or went away, is behind the exception.</summary>
    public static bool Explains(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                // A query that a lock or its own cost made too slow is not an outage, but trying later is right for it too.
                case NpgsqlException { IsTransient: true }:
                case NpgsqlException { InnerException: IOException or SocketException or TimeoutException }:
                case PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow }:
                    return true;
            }
        }

        return false;
    }
}
