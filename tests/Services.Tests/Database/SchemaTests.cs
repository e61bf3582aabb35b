using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Notifications.Database;
using Npgsql;
using Orders.Database;
using Payments.Database;
using RealServers;
using Shouldly;
using Xunit;

namespace Services.Tests.Database;

/// <summary>Migrations are written by hand, so a test holds them to the model that the services work with.</summary>
public sealed class SchemaTests
{
    private const string Columns =
        """
        SELECT c.table_name || '.' || c.column_name || ' '
            || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN '' ELSE ' null' END
        FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        JOIN pg_attribute a ON a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass AND a.attname = c.column_name
        WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> '__EFMigrationsHistory'
        """;

    private const string UniqueKeys =
        """
        SELECT i.indrelid::regclass || ' (' || string_agg(a.attname, ', ' ORDER BY k.position) || ')'
        FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND c.relname <> '__EFMigrationsHistory'
        GROUP BY i.indexrelid, i.indrelid
        """;

    [Fact]
    public Task The_orders_database_is_what_its_model_says() =>
        AgreesAsync<OrdersDbContext>("orders", options => new OrdersDbContext(options));

    [Fact]
    public Task The_payments_database_is_what_its_model_says() =>
        AgreesAsync<PaymentsDbContext>("payments", options => new PaymentsDbContext(options));

    [Fact]
    public Task The_notifications_database_is_what_its_model_says() =>
        AgreesAsync<NotificationsDbContext>("notifications", options => new NotificationsDbContext(options));

    private static async Task AgreesAsync<TDbContext>(string label, Func<DbContextOptions<TDbContext>, TDbContext> create)
        where TDbContext : DbContext
    {
        var servers = await Servers.GetAsync();
        await using var database = await servers.CreateDatabaseAsync(label);
        await using var context = create(new DbContextOptionsBuilder<TDbContext>()
            .UseNpgsql(database.OwnerConnectionString)
            .ConfigureWarnings(warnings => warnings.Ignore(Microsoft.EntityFrameworkCore.Diagnostics.RelationalEventId.PendingModelChangesWarning))
            .Options);
        await context.Database.MigrateAsync();
        var model = context.GetService<IDesignTimeModel>().Model.GetRelationalModel();

        (await QueryAsync(database.OwnerConnectionString, Columns)).ShouldBe(model.Tables.SelectMany(ColumnsOf).Order(StringComparer.Ordinal));
        (await QueryAsync(database.OwnerConnectionString, UniqueKeys)).ShouldBe(model.Tables.SelectMany(UniqueKeysOf).Order(StringComparer.Ordinal));

        await context.Database.GetService<Microsoft.EntityFrameworkCore.Migrations.IMigrator>().MigrateAsync("0");
        (await QueryAsync(database.OwnerConnectionString, Columns)).ShouldBeEmpty();
    }

    private static IEnumerable<string> ColumnsOf(ITable table) =>
        table.Columns.Select(column => $"{table.Name}.{column.Name} {column.StoreType}{(column.IsNullable ? " null" : "")}");

    private static IEnumerable<string> UniqueKeysOf(ITable table) => table.UniqueConstraints.Select(key => key.Columns)
        .Concat(table.Indexes.Where(index => index.IsUnique).Select(index => index.Columns))
        .Select(columns => $"{table.Name} ({string.Join(", ", columns.Select(column => column.Name))})");

    private static async Task<IReadOnlyList<string>> QueryAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return [.. rows.Order(StringComparer.Ordinal)];
    }
}
