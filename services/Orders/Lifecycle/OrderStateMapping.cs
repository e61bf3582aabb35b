using System.Text.Json;
using Contracts.Orders;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Orders.Lifecycle;

internal sealed class OrderStateMapping : IEntityTypeConfiguration<OrderState>
{
    public void Configure(EntityTypeBuilder<OrderState> builder)
    {
        builder.ToTable("orders");
        builder.HasKey(order => order.CorrelationId);
        builder.Property(order => order.CorrelationId).HasColumnName("id").ValueGeneratedNever();
        builder.Property(order => order.FailedStep).HasConversion<string>();
        builder.Property(order => order.Reversal).HasConversion<string>();

        // Read and written as a whole, and never changed after the submission.
        builder.Property(order => order.Lines)
            .HasColumnType("jsonb")
            .HasConversion(
                lines => JsonSerializer.Serialize(lines, JsonSerializerOptions.Web),
                json => JsonSerializer.Deserialize<List<OrderLine>>(json, JsonSerializerOptions.Web)!,
                new ValueComparer<IReadOnlyList<OrderLine>>(
                    (left, right) => ReferenceEquals(left, right),
                    lines => lines.Count,
                    lines => lines));

        builder.HasMany(order => order.Journal).WithOne().HasForeignKey(entry => entry.OrderId);
        builder.Navigation(order => order.Journal).UsePropertyAccessMode(PropertyAccessMode.Field);
        builder.Ignore(order => order.Total);
    }
}

internal sealed class JournalMapping : IEntityTypeConfiguration<JournalEntry>
{
    public void Configure(EntityTypeBuilder<JournalEntry> builder)
    {
        builder.ToTable("order_journal");
        builder.HasKey(entry => new { entry.OrderId, entry.Version });
        builder.Property(entry => entry.Version).ValueGeneratedNever();
    }
}
