using MassTransit.EntityFrameworkCoreIntegration;
using Messaging;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Orders.Database.Migrations;

[DbContext(typeof(OrdersDbContext))]
[Migration("20261120000000_CreateOrders")]
internal sealed class CreateOrders : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(
            """
            CREATE TABLE orders (
                id                    uuid PRIMARY KEY,
                status                text NOT NULL,
                version               integer NOT NULL,
                reason                text NULL,
                customer_id           text NOT NULL,
                currency              text NOT NULL,
                total_amount          bigint NOT NULL CHECK (total_amount > 0),
                lines                 jsonb NOT NULL,
                payment_method        text NOT NULL,
                authorization_attempt integer NOT NULL,
                capture_attempt       integer NOT NULL,
                reversal_attempt      integer NOT NULL,
                failed_step           text NULL,
                cancellation_reason   text NULL,
                submitted_at          timestamptz NOT NULL,
                updated_at            timestamptz NOT NULL,
                authorized_at         timestamptz NULL,
                captured_at           timestamptz NULL,
                reversed_at           timestamptz NULL,
                reversal              text NULL
            );

            CREATE TABLE order_journal (
                order_id uuid NOT NULL REFERENCES orders,
                version  integer NOT NULL,
                status   text NOT NULL,
                reason   text NULL,
                at       timestamptz NOT NULL,
                PRIMARY KEY (order_id, version)
            );

            CREATE TABLE products (
                sku        text NOT NULL,
                currency   text NOT NULL,
                name       text NOT NULL,
                unit_price bigint NOT NULL CHECK (unit_price > 0),
                PRIMARY KEY (sku, currency)
            );

            CREATE TABLE submission_receipts (
                caller      text NOT NULL,
                key         text NOT NULL,
                fingerprint bytea NOT NULL,
                response    text NOT NULL,
                order_id    uuid NOT NULL,
                created_at  timestamptz NOT NULL,
                PRIMARY KEY (caller, key)
            );
            CREATE INDEX submission_receipts_created_at ON submission_receipts (created_at);
            """);

        migrationBuilder.CreateOutboxTables();
        migrationBuilder.CreateDeadLetterTables();

        migrationBuilder.Sql(
            """
            INSERT INTO products (sku, currency, name, unit_price) VALUES
                ('coffee-1kg',   'EUR', 'Coffee beans, 1 kg',        1250),
                ('coffee-1kg',   'USD', 'Coffee beans, 1 kg',        1390),
                ('coffee-1kg',   'JPY', 'Coffee beans, 1 kg',        2100),
                ('filters-100',  'EUR', 'Paper filters, 100 pieces',  450),
                ('filters-100',  'USD', 'Paper filters, 100 pieces',  490),
                ('mug',          'EUR', 'Mug',                        900),
                ('mug',          'USD', 'Mug',                        990),
                ('mug',          'JPY', 'Mug',                       1500),
                ('grinder',      'EUR', 'Hand grinder',              8900),
                ('espresso-bar', 'EUR', 'Espresso machine for a bar', 1250000);
            """);
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropDeadLetterTables();
        migrationBuilder.DropOutboxTables();
        migrationBuilder.Sql("DROP TABLE submission_receipts, products, order_journal, orders;");
    }
}
