using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Messaging;

/// <summary>The tables that a service's dead letters are kept in.</summary>
public static class DeadLetterModel
{
    private const string Letters = "dead_letters";
    private const string Actions = "dead_letter_actions";

    /// <summary>Adds the dead letters and the record of what operators did to them; call it in <see cref="DbContext.OnModelCreating" />.</summary>
    public static void AddDeadLetterEntities(this ModelBuilder model)
    {
        ArgumentNullException.ThrowIfNull(model);

        model.Entity<DeadLetter>(letter =>
        {
            letter.ToTable(Letters);
            letter.HasKey(x => x.Id).HasName("pk_dead_letters");
            letter.Property(x => x.Id).HasColumnName("id").ValueGeneratedNever();
            letter.Property(x => x.Identity).HasColumnName("identity");
            letter.Property(x => x.Status).HasColumnName("status");
            letter.Property(x => x.PreviousId).HasColumnName("previous_id");
            letter.Property(x => x.Count).HasColumnName("count");
            letter.Property(x => x.ReceivedAt).HasColumnName("received_at");
            letter.Property(x => x.LastReceivedAt).HasColumnName("last_received_at");
            letter.Property(x => x.DiedAt).HasColumnName("died_at");
            letter.Property(x => x.MessageId).HasColumnName("message_id");
            letter.Property(x => x.ConversationId).HasColumnName("conversation_id");
            letter.Property(x => x.OrderId).HasColumnName("order_id");
            letter.Property(x => x.MessageType).HasColumnName("message_type");
            letter.Property(x => x.Reason).HasColumnName("reason");
            letter.Property(x => x.OriginQueue).HasColumnName("origin_queue");
            letter.Property(x => x.OriginExchange).HasColumnName("origin_exchange");
            letter.Property(x => x.RoutingKey).HasColumnName("routing_key");
            letter.Property(x => x.VirtualHost).HasColumnName("virtual_host");
            letter.Property(x => x.ExceptionType).HasColumnName("exception_type");
            letter.Property(x => x.ExceptionMessage).HasColumnName("exception_message");
            letter.Property(x => x.StackTrace).HasColumnName("stack_trace");
            letter.Property(x => x.Attempts).HasColumnName("attempts");
            letter.Property(x => x.ClaimedAt).HasColumnName("claimed_at");
            letter.Property(x => x.ClosedAt).HasColumnName("closed_at");
            letter.Property(x => x.Properties).HasColumnName("properties").HasColumnType("jsonb");
            letter.Property(x => x.Headers).HasColumnName("headers").HasColumnType("jsonb");
            letter.Property(x => x.Body).HasColumnName("body");
            letter.HasIndex(x => x.Identity).IsUnique().HasDatabaseName("ix_dead_letters_identity");
            letter.HasIndex(x => new { x.Status, x.Id }).HasDatabaseName("ix_dead_letters_status");
            letter.HasIndex(x => x.OrderId).HasDatabaseName("ix_dead_letters_order_id");
            letter.HasIndex(x => x.PreviousId).HasDatabaseName("ix_dead_letters_previous_id");
            letter.HasIndex(x => x.ClosedAt).HasFilter("status IN ('replayed', 'discarded')").HasDatabaseName("ix_dead_letters_closed_at");
        });

        model.Entity<DeadLetterAction>(action =>
        {
            action.ToTable(Actions);
            action.HasKey(x => x.Id).HasName("pk_dead_letter_actions");
            action.Property(x => x.Id).HasColumnName("id").UseIdentityAlwaysColumn();
            action.Property(x => x.LetterId).HasColumnName("letter_id");
            action.Property(x => x.Action).HasColumnName("action");
            action.Property(x => x.By).HasColumnName("by");
            action.Property(x => x.At).HasColumnName("at");
            action.Property(x => x.Outcome).HasColumnName("outcome");
            action.Property(x => x.Detail).HasColumnName("detail");
            action.HasIndex(x => x.LetterId).HasDatabaseName("ix_dead_letter_actions_letter_id");
        });
    }

    /// <summary>Creates the tables of <see cref="AddDeadLetterEntities" />, from one line of a migration.</summary>
    public static void CreateDeadLetterTables(this MigrationBuilder migration)
    {
        ArgumentNullException.ThrowIfNull(migration);

        migration.Sql(
            $"""
            CREATE TABLE {Letters} (
                id                uuid NOT NULL,
                identity          bytea NOT NULL,
                status            text NOT NULL,
                previous_id       uuid NULL,
                count             integer NOT NULL,
                received_at       timestamptz NOT NULL,
                last_received_at  timestamptz NOT NULL,
                died_at           timestamptz NOT NULL,
                message_id        text NULL,
                conversation_id   text NULL,
                order_id          uuid NULL,
                message_type      text NULL,
                reason            text NOT NULL,
                origin_queue      text NULL,
                origin_exchange   text NULL,
                routing_key       text NOT NULL,
                virtual_host      text NOT NULL,
                exception_type    text NULL,
                exception_message text NULL,
                stack_trace       text NULL,
                attempts          integer NOT NULL,
                claimed_at        timestamptz NULL,
                closed_at         timestamptz NULL,
                properties        jsonb NOT NULL,
                headers           jsonb NOT NULL,
                body              bytea NOT NULL,
                CONSTRAINT pk_dead_letters PRIMARY KEY (id)
            );
            CREATE UNIQUE INDEX ix_dead_letters_identity ON {Letters} (identity);
            CREATE INDEX ix_dead_letters_status ON {Letters} (status, id);
            CREATE INDEX ix_dead_letters_order_id ON {Letters} (order_id);
            CREATE INDEX ix_dead_letters_previous_id ON {Letters} (previous_id);
            CREATE INDEX ix_dead_letters_closed_at ON {Letters} (closed_at) WHERE status IN ('replayed', 'discarded');

            CREATE TABLE {Actions} (
                id        bigint GENERATED ALWAYS AS IDENTITY,
                letter_id uuid NOT NULL,
                action    text NOT NULL,
                by        text NOT NULL,
                at        timestamptz NOT NULL,
                outcome   text NOT NULL,
                detail    text NULL,
                CONSTRAINT pk_dead_letter_actions PRIMARY KEY (id)
            );
            CREATE INDEX ix_dead_letter_actions_letter_id ON {Actions} (letter_id);
            """);
    }

    /// <summary>Drops the tables and everything in them.</summary>
    public static void DropDeadLetterTables(this MigrationBuilder migration)
    {
        ArgumentNullException.ThrowIfNull(migration);

        migration.DropTable(Actions);
        migration.DropTable(Letters);
    }
}
