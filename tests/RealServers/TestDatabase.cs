using LocalStack;
using Npgsql;

namespace RealServers;

/// <summary>A database of one test; it is dropped with its roles when the test disposes it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _superuser;
    private readonly DatabaseAccount _account;

    internal TestDatabase(string superuser, DatabaseAccount account)
    {
        _superuser = superuser;
        _account = account;
    }

    /// <summary>The database's name.</summary>
    public string Name => _account.Name;

    /// <summary>Connects as the owner, who may define and migrate.</summary>
    public string OwnerConnectionString => DatabaseProvisioning.ConnectionString(_superuser, _account, owner: true);

    /// <summary>Connects as the runtime role, which may read and write rows and define nothing.</summary>
    public string ConnectionString => DatabaseProvisioning.ConnectionString(_superuser, _account, owner: false);

    /// <summary>Drops the database, whoever is connected to it, and its roles.</summary>
    public async ValueTask DisposeAsync()
    {
        // Pooled connections to it end with it: nobody is to be handed one of them.
        foreach (var connectionString in new[] { OwnerConnectionString, ConnectionString })
        {
            await using var connection = new NpgsqlConnection(connectionString);
            NpgsqlConnection.ClearPool(connection);
        }

        await DatabaseProvisioning.DropAsync(_superuser, _account);
    }

    internal Task CreateAsync() => DatabaseProvisioning.CreateAsync(_superuser, _account);
}
