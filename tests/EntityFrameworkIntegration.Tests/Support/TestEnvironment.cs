using Microsoft.EntityFrameworkCore;
using Npgsql;
using RealServers;
using Xunit;

namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>A fresh database, migrated, and a fresh virtual host for each test.</summary>
public abstract class OutboxTest : IAsyncLifetime
{
    protected TestDatabase Database { get; private set; } = null!;

    protected TestVirtualHost Broker { get; private set; } = null!;

    /// <summary>The schema's owner, for what a test looks at or breaks behind the application's back.</summary>
    protected NpgsqlDataSource Sql { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        var servers = await Servers.GetAsync();
        Database = await servers.CreateDatabaseAsync("outbox");
        Broker = await servers.CreateVirtualHostAsync("outbox");
        Sql = NpgsqlDataSource.Create(Database.OwnerConnectionString);
        await using var context = TestDbContext.On(Database.OwnerConnectionString);
        await context.Database.MigrateAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await RabbitMq.Close(Broker.Uri);
        await Sql.DisposeAsync();
        await Database.DisposeAsync();
        await Broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected TestHostBuilder NewHost() => new(Database.ConnectionString, Broker.Uri);

    /// <summary>A host whose broker is behind a network of the test's own.</summary>
    protected TestHostBuilder Through(TcpProxy proxy)
    {
        return new TestHostBuilder(Database.ConnectionString, new UriBuilder(Broker.Uri) { Host = "127.0.0.1", Port = proxy.Port }.Uri);
    }

    protected async Task<long> Count(string table, string where = "true")
    {
        await using var command = Sql.CreateCommand($"SELECT count(*) FROM {table} WHERE {where}");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    protected async Task Execute(string sql)
    {
        await using var command = Sql.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    protected Task OutboxIsEmpty(TimeSpan? bound = null)
    {
        return Eventually.EqualAsync(0L, () => Count("outbox_message"), "rows in the outbox", bound);
    }
}
