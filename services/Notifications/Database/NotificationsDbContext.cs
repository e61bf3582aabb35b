using Hosting;
using MassTransit;
using Messaging;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Notifications.Delivery;

namespace Notifications.Database;

/// <summary>The service's own database: what customers are told, and the inbox.</summary>
public sealed class NotificationsDbContext(DbContextOptions<NotificationsDbContext> options) : DbContext(options)
{
    public DbSet<Notification> Notifications => Set<Notification>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(NotificationsDbContext).Assembly);
        modelBuilder.UseSnakeCaseColumns();
        modelBuilder.AddTransactionalOutboxEntities();
        modelBuilder.AddDeadLetterEntities();
    }
}

internal sealed class NotificationConfiguration : IEntityTypeConfiguration<Notification>
{
    public void Configure(EntityTypeBuilder<Notification> builder)
    {
        builder.ToTable("notifications");
        builder.HasKey(notification => new { notification.OrderId, notification.Kind });
        builder.Property(notification => notification.Kind).HasConversion<string>();
        builder.Property(notification => notification.State).HasConversion<string>();
        builder.HasIndex(notification => notification.NextAttemptAt, "notifications_pending")
            .HasFilter($"state = '{nameof(NotificationState.Pending)}'");
    }
}
