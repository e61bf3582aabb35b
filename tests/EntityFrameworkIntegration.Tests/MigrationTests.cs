using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>The tables, from one line of a migration.</summary>
public class MigrationTests : OutboxTest
{
    const string Row = "INSERT INTO app.outbox_state VALUES ('', now())";

    [Fact]
    public async Task The_migration_creates_what_the_model_describes()
    {
        await using var modelDatabase = await (await Servers.GetAsync()).CreateDatabaseAsync("model");
        await using (var context = TestDbContext.On(modelDatabase.OwnerConnectionString))
            await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);

        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "public"))
            .ShouldBe(await OutboxTablesOf.Schema(modelDatabase.OwnerConnectionString, "public"));
    }

    [Fact]
    public async Task An_upgrade_from_none_creates_the_tables_and_a_second_time_changes_nothing()
    {
        await using var context = Migrated();
        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
        var tables = await OutboxTablesOf.Schema(Database.OwnerConnectionString, "app");
        tables.ShouldBe((await OutboxTablesOf.Schema(Database.OwnerConnectionString, "public")).Replace(" ON public.", " ON app.", StringComparison.Ordinal));
        await Execute(Row);

        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
        var script = context.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);
        await Execute(script);
        await Execute(script);

        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "app")).ShouldBe(tables);
        (await Count("app.outbox_state")).ShouldBe(1);
    }

    [Fact]
    public async Task A_way_back_drops_the_tables_and_the_way_forth_creates_them_again()
    {
        await using var context = Migrated();
        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
        var tables = await OutboxTablesOf.Schema(Database.OwnerConnectionString, "app");
        await Execute(Row);

        await context.GetService<IMigrator>().MigrateAsync(Migration.InitialDatabase, TestContext.Current.CancellationToken);
        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "app")).ShouldBe("");
        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "public")).ShouldNotBe("", "the tables of another schema are left alone");

        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "app")).ShouldBe(tables);
        (await Count("app.outbox_state")).ShouldBe(0);
    }

    [Fact]
    public void A_step_to_the_same_version_does_nothing_and_one_that_does_not_exist_is_refused()
    {
        MigrationBuilder builder = new(null);
        builder.UpgradeOutboxTables(OutboxMigrations.CurrentVersion, OutboxMigrations.CurrentVersion);
        builder.UpgradeOutboxTables(0, 0);
        builder.Operations.ShouldBeEmpty();

        Should.Throw<ArgumentOutOfRangeException>(() => builder.UpgradeOutboxTables(0, OutboxMigrations.CurrentVersion + 1));
        Should.Throw<ArgumentOutOfRangeException>(() => builder.UpgradeOutboxTables(1, 0));
        Should.Throw<ArgumentOutOfRangeException>(() => builder.UpgradeOutboxTables(-1, 1));
    }

    MigratedDbContext Migrated()
    {
        return new MigratedDbContext(new DbContextOptionsBuilder<MigratedDbContext>()
            .UseNpgsql(Database.OwnerConnectionString, x => x.MigrationsHistoryTable("history")).Options);
    }
}

public class MigratedDbContext(DbContextOptions<MigratedDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("app");
        modelBuilder.AddTransactionalOutboxEntities();
    }
}

[DbContext(typeof(MigratedDbContext))]
[Migration("20260103000000_Outbox")]
public class OutboxMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.UpgradeOutboxTables(from: 0, to: OutboxMigrations.CurrentVersion, schema: "app");
    }

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropOutboxTables("app");
}
