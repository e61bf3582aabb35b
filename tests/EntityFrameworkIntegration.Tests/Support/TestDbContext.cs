using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EntityFrameworkIntegration.Tests.Support;

public class TestDbContext(DbContextOptions<TestDbContext> options) : DbContext(options)
{
    public static TestDbContext On(string connectionString) => new(new DbContextOptionsBuilder<TestDbContext>().UseNpgsql(connectionString).Options);

    public DbSet<Order> Orders => Set<Order>();

    public DbSet<Payment> Payments => Set<Payment>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Order>().ToTable("orders");
        modelBuilder.Entity<Payment>().ToTable("payments");
        new CounterSagaMap().Configure(modelBuilder);
        AddOutbox(modelBuilder);
    }

    protected virtual void AddOutbox(ModelBuilder modelBuilder) => modelBuilder.AddTransactionalOutboxEntities();
}

public class Order
{
    public Guid Id { get; set; }
    public string Note { get; set; } = "";
}

/// <summary>Its key is not the order's, so an order that is paid twice has two rows.</summary>
public class Payment
{
    public Guid Id { get; set; }
    public Guid OrderId { get; set; }
}

public class CounterSagaMap : SagaClassMap<CounterSaga>
{
    protected override void Configure(EntityTypeBuilder<CounterSaga> entity, ModelBuilder model)
    {
        entity.ToTable("counters");
    }
}

[DbContext(typeof(TestDbContext))]
[Migration("20260101000000_Initial")]
public class InitialMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable("orders", table => new { Id = table.Column<Guid>(), Note = table.Column<string>() },
            constraints: table => table.PrimaryKey("PK_orders", x => x.Id));
        migrationBuilder.CreateTable("payments", table => new { Id = table.Column<Guid>(), OrderId = table.Column<Guid>() },
            constraints: table => table.PrimaryKey("PK_payments", x => x.Id));
        migrationBuilder.CreateTable("counters", table => new
        {
            CorrelationId = table.Column<Guid>(),
            CurrentState = table.Column<string>(),
            Name = table.Column<string>(),
            Count = table.Column<int>(),
        }, constraints: table => table.PrimaryKey("PK_counters", x => x.CorrelationId));
        migrationBuilder.CreateOutboxTables();
    }
}
