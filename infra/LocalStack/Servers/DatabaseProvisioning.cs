using Npgsql;

namespace LocalStack;

/// <summary>A service's database: what its owner and what its runtime role connect with.</summary>
/// <param name="Name">The database's name; the runtime role has the same name, the owner's ends with "_owner".</param>
/// <param name="OwnerPassword">The owner's password.</param>
/// <param name="RuntimePassword">The runtime role's password.</param>
public sealed record DatabaseAccount(string Name, string OwnerPassword, string RuntimePassword)
{
    /// <summary>The role that migrates the database.</summary>
    public string Owner => Name + "_owner";
}

/// <summary>Creates and drops databases with their owner and runtime roles.</summary>
public static class DatabaseProvisioning
{
    /// <summary>Creates the database and its roles where they do not exist, and grants what each may do.</summary>
    /// <param name="superuser">The server, as its superuser.</param>
    /// <param name="account">The database, its roles and their passwords; those of existing roles are kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task CreateAsync(string superuser, DatabaseAccount account, CancellationToken cancellationToken = default)
    {
        await using (var server = await OpenAsync(superuser, "postgres", cancellationToken))
        {
            await using var exists = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", server)
            {
                Parameters = { new NpgsqlParameter { Value = account.Name } },
            };
            if (await exists.ExecuteScalarAsync(cancellationToken) is true)
                return;
            await ExecuteAsync(server, "postgres/database.sql", account, cancellationToken);
        }

        await using var database = await OpenAsync(superuser, account.Name, cancellationToken);
        await ExecuteAsync(database, "postgres/grants.sql", account, cancellationToken);
    }

    /// <summary>Drops the database with whatever is connected to it, and its roles.</summary>
    public static async Task DropAsync(string superuser, DatabaseAccount account, CancellationToken cancellationToken = default)
    {
        await using var server = await OpenAsync(superuser, "postgres", cancellationToken);
        foreach (var statement in new[]
        {
            $"DROP DATABASE IF EXISTS {Identifier(account.Name)} WITH (FORCE)",
            $"DROP ROLE IF EXISTS {Identifier(account.Name)}",
            $"DROP ROLE IF EXISTS {Identifier(account.Owner)}",
        })
        {
            await using var command = new NpgsqlCommand(statement, server);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>What a role of the database connects with.</summary>
    /// <param name="server">Any connection to the same server.</param>
    /// <param name="account">The database.</param>
    /// <param name="owner">Whether to connect as its owner, else as its runtime role.</param>
    public static string ConnectionString(string server, DatabaseAccount account, bool owner) =>
        new NpgsqlConnectionStringBuilder(server)
        {
            Database = account.Name,
            Username = owner ? account.Owner : account.Name,
            Password = owner ? account.OwnerPassword : account.RuntimePassword,
        }.ConnectionString;

    private static async Task<NpgsqlConnection> OpenAsync(string superuser, string database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(superuser) { Database = database, Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection,
        string script,
        DatabaseAccount account,
        CancellationToken cancellationToken)
    {
        // The scripts are psql's, variables included, so that the containers' PostgreSQL runs the very same ones.
        var sql = Resources.Read(script)
            .Replace(":\"owner\"", Identifier(account.Owner), StringComparison.Ordinal)
            .Replace(":'owner_password'", Literal(account.OwnerPassword), StringComparison.Ordinal)
            .Replace(":\"runtime\"", Identifier(account.Name), StringComparison.Ordinal)
            .Replace(":'runtime_password'", Literal(account.RuntimePassword), StringComparison.Ordinal)
            .Replace(":\"database\"", Identifier(account.Name), StringComparison.Ordinal);
        var statements = sql.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal));
        // One by one: CREATE DATABASE may not share a transaction, and so not a batch either.
        foreach (var statement in string.Join('\n', statements).Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
