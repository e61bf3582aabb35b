using Contracts.Payments;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Payments.Ledger;
using Payments.Operations;

namespace Payments.Database;

internal sealed class PaymentConfiguration : IEntityTypeConfiguration<Payment>
{
    public void Configure(EntityTypeBuilder<Payment> builder)
    {
        builder.ToTable("payments");
        builder.HasKey(payment => payment.OrderId);
        builder.Property(payment => payment.OrderId).ValueGeneratedNever();
        builder.Property(payment => payment.Status).HasConversion<string>();
        builder.Ignore(payment => payment.Messages);
        builder.Ignore(payment => payment.Authorized);
        builder.HasMany(payment => payment.Attempts).WithOne().HasForeignKey(attempt => attempt.OrderId);
        builder.HasMany(payment => payment.LedgerEntries).WithOne().HasForeignKey(entry => entry.OrderId);
    }
}

internal sealed class PaymentAttemptConfiguration : IEntityTypeConfiguration<PaymentAttempt>
{
    private const string Succeeded = nameof(AttemptState.Succeeded);

    public void Configure(EntityTypeBuilder<PaymentAttempt> builder)
    {
        builder.ToTable("payment_attempts");
        builder.HasKey(attempt => new { attempt.OrderId, attempt.Kind, attempt.Number });
        builder.Property(attempt => attempt.Kind).HasConversion<string>();
        builder.Property(attempt => attempt.State).HasConversion<string>();

        // Whatever the rules get wrong, the database holds no second success.
        builder.HasIndex(attempt => attempt.OrderId, "payment_attempts_one_authorization")
            .IsUnique()
            .HasFilter($"kind = '{nameof(PaymentOperation.Authorization)}' AND state = '{Succeeded}'");
        builder.HasIndex(attempt => attempt.OrderId, "payment_attempts_one_capture")
            .IsUnique()
            .HasFilter($"kind = '{nameof(PaymentOperation.Capture)}' AND state = '{Succeeded}'");
    }
}

internal sealed class LedgerEntryConfiguration : IEntityTypeConfiguration<LedgerEntry>
{
    public void Configure(EntityTypeBuilder<LedgerEntry> builder)
    {
        builder.ToTable("ledger_entries");
        builder.Property(entry => entry.Kind).HasConversion<string>();
        builder.Property(entry => entry.DebitAccount).HasConversion<string>();
        builder.Property(entry => entry.CreditAccount).HasConversion<string>();
        builder.HasIndex(entry => new { entry.OrderId, entry.Kind }, "ledger_entries_once").IsUnique();
    }
}
