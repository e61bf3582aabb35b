using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Benchmarks.Flows;

sealed class BenchmarkDbContext(DbContextOptions<BenchmarkDbContext> options) : DbContext(options)
{
    public DbSet<OrderRow> Orders => Set<OrderRow>();

    public DbSet<PaymentRow> Payments => Set<PaymentRow>();

    public DbSet<ShipmentRow> Shipments => Set<ShipmentRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OrderRow>(x =>
        {
            x.ToTable("orders");
            x.Property(o => o.Id).HasColumnName("id");
            x.Property(o => o.Note).HasColumnName("note");
        });
        modelBuilder.Entity<PaymentRow>(x =>
        {
            x.ToTable("payments");
            x.Property(p => p.Id).HasColumnName("id");
            x.Property(p => p.Amount).HasColumnName("amount").HasColumnType("numeric");
        });
        modelBuilder.Entity<ShipmentRow>(x =>
        {
            x.ToTable("shipments");
            x.Property(s => s.Id).HasColumnName("id");
            x.Property(s => s.Carrier).HasColumnName("carrier");
        });
        modelBuilder.AddTransactionalOutboxEntities();
    }
}

[DbContext(typeof(BenchmarkDbContext))]
[Migration("20260101000000_Outbox")]
sealed class OutboxMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Schema.Create);
        migrationBuilder.CreateOutboxTables();
    }
}

sealed class OrderRow
{
    public Guid Id { get; set; }
    public string Note { get; set; } = "";
}

sealed class PaymentRow
{
    public Guid Id { get; set; }
    public decimal Amount { get; set; }
}

sealed class ShipmentRow
{
    public Guid Id { get; set; }
    public string Carrier { get; set; } = "";
}
