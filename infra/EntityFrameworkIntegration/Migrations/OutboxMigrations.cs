using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using Microsoft.EntityFrameworkCore.Migrations.Operations.Builders;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>Creates and upgrades the inbox and outbox tables, from one line of a migration.</summary>
public static class OutboxMigrations
{
    /// <summary>The newest version of the tables.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Creates the tables at <see cref="CurrentVersion" />.</summary>
    /// <param name="migrationBuilder">The migration's builder.</param>
    /// <param name="schema">The schema, as set in the model; null for the default one.</param>
    public static void CreateOutboxTables(this MigrationBuilder migrationBuilder, string? schema = null)
    {
        migrationBuilder.UpgradeOutboxTables(0, CurrentVersion, schema);
    }

    /// <summary>Brings the tables from one version to another. Version 0 means that there are none.</summary>
    /// <param name="migrationBuilder">The migration's builder.</param>
    /// <param name="from">The version that an earlier migration has left.</param>
    /// <param name="to">The wanted version, at most <see cref="CurrentVersion" />.</param>
    /// <param name="schema">The schema, as set in the model; null for the default one.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such version, or the step leads backwards.</exception>
    public static void UpgradeOutboxTables(this MigrationBuilder migrationBuilder, int from, int to, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, CurrentVersion);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, from);

        if (from < 1 && to >= 1)
            CreateVersion1(migrationBuilder, schema);
    }

    /// <summary>Drops the tables and everything in them; drain the outbox first.</summary>
    /// <param name="migrationBuilder">The migration's builder.</param>
    /// <param name="schema">The schema, as set in the model; null for the default one.</param>
    public static void DropOutboxTables(this MigrationBuilder migrationBuilder, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(migrationBuilder);

        migrationBuilder.DropTable("inbox_state", schema);
        migrationBuilder.DropTable("outbox_message", schema);
        migrationBuilder.DropTable("outbox_state", schema);
    }

    static void CreateVersion1(MigrationBuilder migrationBuilder, string? schema)
    {
        const string time = "timestamp with time zone";

        if (schema is not null)
            migrationBuilder.EnsureSchema(schema);

        migrationBuilder.CreateTable("inbox_state", table => new
        {
            message_id = table.Column<Guid>("uuid"),
            consumer_id = table.Column<Guid>("uuid"),
            consumed = table.Column<DateTime>(time, defaultValueSql: "clock_timestamp()"),
        }, schema, table => table.PrimaryKey("pk_inbox_state", x => new { x.message_id, x.consumer_id }));

        migrationBuilder.CreateTable("outbox_message", table => new
        {
            id = table.Column<Guid>("uuid"),
            bus_name = table.Column<string>("text"),
            message_id = table.Column<Guid>("uuid"),
            destination_address = table.Column<string>("text"),
            content_type = table.Column<string>("text", nullable: true),
            body = table.Column<byte[]>("bytea"),
            transport = table.Column<string>("text", nullable: true),
            sent_time = table.Column<DateTime>(time),
            due = table.Column<DateTime>(time),
            expiration_time = table.Column<DateTime>(time, nullable: true),
            attempts = table.Column<int>("integer"),
            last_error = table.Column<string>("text", nullable: true),
            parked_time = table.Column<DateTime>(time, nullable: true),
        }, schema, table => table.PrimaryKey("pk_outbox_message", x => x.id));

        migrationBuilder.CreateTable("outbox_state", table => new
        {
            bus_name = table.Column<string>("text"),
            inbox_trimmed = table.Column<DateTime>(time),
        }, schema, table => table.PrimaryKey("pk_outbox_state", x => x.bus_name));

        migrationBuilder.CreateIndex("ix_outbox_message_due", "outbox_message", ["bus_name", "due"], schema);
        migrationBuilder.CreateIndex("ix_outbox_message_refused", "outbox_message", ["bus_name", "due"], schema, filter: "attempts > 0");
    }
}
