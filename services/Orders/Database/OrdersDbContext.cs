using Hosting;
using MassTransit;
using Messaging;
using Microsoft.EntityFrameworkCore;
using Orders.Lifecycle;
using Orders.Submission;

namespace Orders.Database;

/// <summary>The service's own database: orders and their journal, the price list, and the outbox and inbox.</summary>
public sealed class OrdersDbContext(DbContextOptions<OrdersDbContext> options) : DbContext(options)
{
    public DbSet<OrderState> Orders => Set<OrderState>();

    public DbSet<JournalEntry> Journal => Set<JournalEntry>();

    public DbSet<Product> Products => Set<Product>();

    public DbSet<SubmissionReceipt> SubmissionReceipts => Set<SubmissionReceipt>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(OrdersDbContext).Assembly);
        modelBuilder.UseSnakeCaseColumns();
        modelBuilder.AddTransactionalOutboxEntities();
        modelBuilder.AddDeadLetterEntities();
    }
}
