using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace MassTransit;

/// <summary>Adds the inbox and outbox entities to a model, from <see cref="DbContext.OnModelCreating" />.</summary>
public static class EntityFrameworkOutboxModelExtensions
{
    /// <summary>Adds all three entities: <see cref="InboxState" />, <see cref="OutboxMessage" /> and <see cref="OutboxState" />.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="callback">Called with the <see cref="InboxState" />, <see cref="OutboxMessage" /> and <see cref="OutboxState" /> builder in turn, to rename tables and columns or set a schema.</param>
    public static void AddTransactionalOutboxEntities(this ModelBuilder modelBuilder, Action<EntityTypeBuilder>? callback = null)
    {
        modelBuilder.AddInboxStateEntity(callback);
        modelBuilder.AddOutboxMessageEntity(callback);
        modelBuilder.AddOutboxStateEntity(callback);
    }

    /// <summary>Adds <see cref="InboxState" />, on table <c>inbox_state</c>.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="callback">Called last, to rename the table and columns or set a schema.</param>
    public static void AddInboxStateEntity(this ModelBuilder modelBuilder, Action<EntityTypeBuilder<InboxState>>? callback = null)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);

        modelBuilder.Entity<InboxState>(entity =>
        {
            entity.ToTable("inbox_state");
            entity.HasKey(x => new { x.MessageId, x.ConsumerId }).HasName("pk_inbox_state");
            entity.Property(x => x.MessageId).HasColumnName("message_id").ValueGeneratedNever();
            entity.Property(x => x.ConsumerId).HasColumnName("consumer_id").ValueGeneratedNever();
            entity.Property(x => x.Consumed).HasColumnName("consumed").HasColumnType("timestamp with time zone")
                .HasDefaultValueSql("clock_timestamp()");

            callback?.Invoke(entity);
        });
    }

    /// <summary>Adds <see cref="OutboxMessage" />, on table <c>outbox_message</c>.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="callback">Called last, to rename the table and columns or set a schema.</param>
    public static void AddOutboxMessageEntity(this ModelBuilder modelBuilder, Action<EntityTypeBuilder<OutboxMessage>>? callback = null)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);

        modelBuilder.Entity<OutboxMessage>(entity =>
        {
            entity.ToTable("outbox_message");
            entity.HasKey(x => x.Id).HasName("pk_outbox_message");
            entity.Property(x => x.Id).HasColumnName("id").ValueGeneratedNever();
            entity.Property(x => x.BusName).HasColumnName("bus_name");
            entity.Property(x => x.MessageId).HasColumnName("message_id");
            entity.Property(x => x.DestinationAddress).HasColumnName("destination_address");
            entity.Property(x => x.ContentType).HasColumnName("content_type");
            entity.Property(x => x.Body).HasColumnName("body");
            entity.Property(x => x.Transport).HasColumnName("transport");
            entity.Property(x => x.SentTime).HasColumnName("sent_time").HasColumnType("timestamp with time zone");
            entity.Property(x => x.Due).HasColumnName("due").HasColumnType("timestamp with time zone");
            entity.Property(x => x.ExpirationTime).HasColumnName("expiration_time").HasColumnType("timestamp with time zone");
            entity.Property(x => x.Attempts).HasColumnName("attempts");
            // A new row has neither, so its insert does without them.
            entity.Property(x => x.LastError).HasColumnName("last_error").Metadata.SetBeforeSaveBehavior(PropertySaveBehavior.Ignore);
            entity.Property(x => x.ParkedTime).HasColumnName("parked_time").HasColumnType("timestamp with time zone")
                .Metadata.SetBeforeSaveBehavior(PropertySaveBehavior.Ignore);
            // The sweeper's query: the rows of one bus that are due, oldest first. The second index, for the rows that have been refused
            // and perhaps parked, is empty on good days. Each further index would be paid for by every message.
            entity.HasIndex([nameof(OutboxMessage.BusName), nameof(OutboxMessage.Due)], "ix_outbox_message_due");
            entity.HasIndex([nameof(OutboxMessage.BusName), nameof(OutboxMessage.Due)], "ix_outbox_message_refused")
                .HasFilter("attempts > 0");

            callback?.Invoke(entity);

            // A filter is SQL, which does not follow a renamed column.
            var attempts = entity.Metadata.FindProperty(nameof(OutboxMessage.Attempts))!.GetColumnName();
            if (attempts != "attempts" && entity.Metadata.FindIndex("ix_outbox_message_refused") is { } refused)
                refused.SetFilter($"\"{attempts.Replace("\"", "\"\"", StringComparison.Ordinal)}\" > 0");
        });
    }

    /// <summary>Adds <see cref="OutboxState" />, on table <c>outbox_state</c>.</summary>
    /// <param name="modelBuilder">The model builder.</param>
    /// <param name="callback">Called last, to rename the table and columns or set a schema.</param>
    public static void AddOutboxStateEntity(this ModelBuilder modelBuilder, Action<EntityTypeBuilder<OutboxState>>? callback = null)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);

        modelBuilder.Entity<OutboxState>(entity =>
        {
            entity.ToTable("outbox_state");
            entity.HasKey(x => x.BusName).HasName("pk_outbox_state");
            entity.Property(x => x.BusName).HasColumnName("bus_name");
            entity.Property(x => x.InboxTrimmed).HasColumnName("inbox_trimmed").HasColumnType("timestamp with time zone");

            callback?.Invoke(entity);
        });
    }
}
