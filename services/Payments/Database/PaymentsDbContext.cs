using Hosting;
using MassTransit;
using Messaging;
using Microsoft.EntityFrameworkCore;
using Payments.Ledger;
using Payments.Operations;

namespace Payments.Database;

/// <summary>The service's own database: payments, their attempts, the ledger, and the outbox.</summary>
public sealed class PaymentsDbContext(DbContextOptions<PaymentsDbContext> options) : DbContext(options)
{
    public DbSet<Payment> Payments => Set<Payment>();

    public DbSet<LedgerEntry> LedgerEntries => Set<LedgerEntry>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(PaymentsDbContext).Assembly);
        modelBuilder.UseSnakeCaseColumns();
        modelBuilder.AddTransactionalOutboxEntities();
        modelBuilder.AddDeadLetterEntities();
    }
}
