using MassTransit.EntityFrameworkCoreIntegration;
using Messaging;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Notifications.Database.Migrations;

[DbContext(typeof(NotificationsDbContext))]
[Migration("20261120000000_CreateNotifications")]
internal sealed class CreateNotifications : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(
            """
            CREATE TABLE notifications (
                order_id uuid NOT NULL,
                kind text NOT NULL CHECK (kind IN ('OrderConfirmed', 'OrderCancelled')),
                customer_id text NOT NULL,
                subject text NOT NULL,
                body text NOT NULL,
                state text NOT NULL CHECK (state IN ('Pending', 'Sent', 'Undeliverable', 'Expired')),
                created_at timestamptz NOT NULL,
                sent_at timestamptz,
                attempts integer NOT NULL,
                next_attempt_at timestamptz NOT NULL,
                last_error text,
                PRIMARY KEY (order_id, kind),
                CHECK ((state = 'Sent') = (sent_at IS NOT NULL))
            );
            CREATE INDEX notifications_pending ON notifications (next_attempt_at) WHERE state = 'Pending';
            """);

        migrationBuilder.CreateOutboxTables();
        migrationBuilder.CreateDeadLetterTables();
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropDeadLetterTables();
        migrationBuilder.DropOutboxTables();
        migrationBuilder.Sql("DROP TABLE notifications;");
    }
}
