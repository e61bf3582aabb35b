using Npgsql;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments;

/// <summary>What the database itself refuses, whatever the code gets wrong.</summary>
public sealed class LedgerTests(PaymentsSystem system) : IClassFixture<PaymentsSystem>
{
    private readonly Guid _order = Guid.NewGuid();

    [Theory]
    [InlineData("UPDATE ledger_entries SET amount = 1")]
    [InlineData("DELETE FROM ledger_entries")]
    [InlineData("TRUNCATE ledger_entries")]
    public async Task Entries_are_never_changed_or_taken_back(string sql)
    {
        (await RefusalAsync(system.RuntimeConnectionString, sql)).SqlState.ShouldBeOneOf(
            PostgresErrorCodes.RaiseException, PostgresErrorCodes.InsufficientPrivilege);
        (await RefusalAsync(system.OwnerConnectionString, sql)).MessageText.ShouldContain("append-only");
    }

    [Theory]
    [InlineData("'OrderRevenue', 'OrderRevenue', 2500", PostgresErrorCodes.CheckViolation)]
    [InlineData("'ProviderReceivable', 'OrderRevenue', 0", PostgresErrorCodes.CheckViolation)]
    [InlineData("'ProviderReceivable', 'OrderRevenue', -2500", PostgresErrorCodes.CheckViolation)]
    public async Task Every_entry_moves_a_positive_amount_from_one_account_to_another(string movement, string error)
    {
        await InsertPaymentAsync();

        (await RefusalAsync(system.RuntimeConnectionString, Entry("Capture", movement))).SqlState.ShouldBe(error);
    }

    [Fact]
    public async Task An_order_is_posted_once_for_its_capture()
    {
        await InsertPaymentAsync();
        await ExecuteAsync(system.RuntimeConnectionString, Entry("Capture", "'ProviderReceivable', 'OrderRevenue', 2500"));

        (await RefusalAsync(system.RuntimeConnectionString, Entry("Capture", "'ProviderReceivable', 'OrderRevenue', 2500")))
            .SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
        (await system.QueryAsync<long>("SELECT coalesce(sum(balance), 0)::bigint FROM ledger_balances")).ShouldBe(0);
    }

    [Theory]
    [InlineData("Authorization")]
    [InlineData("Capture")]
    public async Task An_order_has_one_success_of_a_kind_at_most(string kind)
    {
        await InsertPaymentAsync();
        await ExecuteAsync(system.RuntimeConnectionString, Attempt(kind, number: 1, "Succeeded"));
        await ExecuteAsync(system.RuntimeConnectionString, Attempt(kind, number: 2, "Declined"));

        (await RefusalAsync(system.RuntimeConnectionString, Attempt(kind, number: 3, "Succeeded"))).SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
    }

    private Task InsertPaymentAsync() => ExecuteAsync(
        system.RuntimeConnectionString,
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
