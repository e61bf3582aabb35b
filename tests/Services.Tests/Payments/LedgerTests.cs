using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using Payments.Database;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

/// <summary>The database of the Payments service, without the service.</summary>
public sealed class MigratedPaymentsDatabase : IAsyncLifetime
{
    private TestDatabase _database = null!;

    /// <summary>What the running service signs in with.</summary>
    public string RuntimeConnectionString => _database.ConnectionString;

    /// <summary>What migrations sign in with.</summary>
    public string OwnerConnectionString => _database.OwnerConnectionString;

    public async ValueTask InitializeAsync()
    {
        _database = await (await Servers.GetAsync()).CreateDatabaseAsync("ledger");
        await using var context = new PaymentsDbContext(new DbContextOptionsBuilder<PaymentsDbContext>()
            .UseNpgsql(OwnerConnectionString)
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
            .Options);
        await context.Database.MigrateAsync();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var source = NpgsqlDataSource.Create(OwnerConnectionString);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

/// <summary>What the database itself refuses, whatever the code gets wrong.</summary>
public sealed class LedgerTests(MigratedPaymentsDatabase database) : IClassFixture<MigratedPaymentsDatabase>
{
    private readonly Guid _order = Guid.NewGuid();

    [Theory]
    [InlineData("UPDATE ledger_entries SET amount = 1")]
    [InlineData("DELETE FROM ledger_entries")]
    [InlineData("TRUNCATE ledger_entries")]
    public async Task Entries_are_never_changed_or_taken_back(string sql)
    {
        (await RefusalAsync(database.RuntimeConnectionString, sql)).SqlState.ShouldBeOneOf(
            PostgresErrorCodes.RaiseException, PostgresErrorCodes.InsufficientPrivilege);
        (await RefusalAsync(database.OwnerConnectionString, sql)).MessageText.ShouldContain("append-only");
    }

    [Theory]
    [InlineData("'OrderRevenue', 'OrderRevenue', 2500", PostgresErrorCodes.CheckViolation)]
    [InlineData("'ProviderReceivable', 'OrderRevenue', 0", PostgresErrorCodes.CheckViolation)]
    [InlineData("'ProviderReceivable', 'OrderRevenue', -2500", PostgresErrorCodes.CheckViolation)]
    public async Task Every_entry_moves_a_positive_amount_from_one_account_to_another(string movement, string error)
    {
        await InsertPaymentAsync();

        (await RefusalAsync(database.RuntimeConnectionString, Entry("Capture", movement))).SqlState.ShouldBe(error);
    }

    [Fact]
    public async Task An_order_is_posted_once_for_its_capture()
    {
        await InsertPaymentAsync();
        await ExecuteAsync(database.RuntimeConnectionString, Entry("Capture", "'ProviderReceivable', 'OrderRevenue', 2500"));

        (await RefusalAsync(database.RuntimeConnectionString, Entry("Capture", "'ProviderReceivable', 'OrderRevenue', 2500")))
            .SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
        (await database.QueryAsync<long>("SELECT coalesce(sum(balance), 0)::bigint FROM ledger_balances")).ShouldBe(0);
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("Capture")]
    public async Task An_order_has_one_success_of_a_kind_at_most(string kind)
    {
        await InsertPaymentAsync();
        await ExecuteAsync(database.RuntimeConnectionString, Attempt(kind, number: 1, "Succeeded"));
        await ExecuteAsync(database.RuntimeConnectionString, Attempt(kind, number: 2, "Declined"));

        (await RefusalAsync(database.RuntimeConnectionString, Attempt(kind, number: 3, "Succeeded"))).SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
    }

    private Task InsertPaymentAsync() => ExecuteAsync(
        database.RuntimeConnectionString,
        $"INSERT INTO payments (order_id, status, changed_at) VALUES ('{_order}', 'Pending', now())");

    private string Entry(string kind, string movement) =>
        $"INSERT INTO ledger_entries (order_id, kind, debit_account, credit_account, amount, currency, posted_at) VALUES ('{_order}', '{kind}', {movement}, 'EUR', now())";

    private string Attempt(string kind, int number, string state) =>
        $"INSERT INTO payment_attempts (order_id, kind, number, idempotency_key, state, started_at) VALUES ('{_order}', '{kind}', {number}, 'key', '{state}', now())";

    private static async Task<PostgresException> RefusalAsync(string connectionString, string sql) =>
        await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(connectionString, sql));

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
