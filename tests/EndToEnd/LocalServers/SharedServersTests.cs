using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.LocalServers;

public sealed class SharedServersTests
{
    [Fact]
    public async Task A_virtual_host_belongs_to_its_user_alone()
    {
        var servers = await Servers.GetAsync();
        await using var mine = await servers.CreateVirtualHostAsync("mine");
        await using var another = await servers.CreateVirtualHostAsync("another");

        await using var connection = await new ConnectionFactory { Uri = mine.Uri }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        await channel.QueueDeclareAsync(
            "letters",
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" },
            cancellationToken: TestContext.Current.CancellationToken);

        var trespass = new ConnectionFactory { Uri = new UriBuilder(mine.Uri) { Path = another.Name }.Uri };
        // The client reports the broker's refusal with the connection's first use.
        await Should.ThrowAsync<OperationInterruptedException>(async () =>
        {
            await using var refused = await trespass.CreateConnectionAsync(TestContext.Current.CancellationToken);
            await using var none = await refused.CreateChannelAsync(cancellationToken: TestContext.Current.CancellationToken);
        });
    }

    [Fact]
    public async Task The_runtime_role_works_with_what_the_owner_defines_and_defines_nothing_itself()
    {
        var servers = await Servers.GetAsync();
        await using var database = await servers.CreateDatabaseAsync("grants");

        await ExecuteAsync(database.OwnerConnectionString, "CREATE TABLE letter (id bigint GENERATED ALWAYS AS IDENTITY, body text)");
        await ExecuteAsync(database.ConnectionString, "INSERT INTO letter (body) VALUES ('hello')");

        var refused = await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(database.ConnectionString, "CREATE TABLE mine (id int)"));
        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        refused = await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(database.ConnectionString, "TRUNCATE letter"));
        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task A_commit_is_as_durable_as_in_production()
    {
        var servers = await Servers.GetAsync();
        await using var connection = new NpgsqlConnection(servers.Postgres);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(
            "SELECT string_agg(setting, ',' ORDER BY name) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
            connection);
        (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe("on,on,on");
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
