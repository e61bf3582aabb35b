using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Tables in another schema, and every table and column under a name of the application's own that needs quotes.</summary>
public class RenamedTablesTests : OutboxTest
{
    const string Outbox = "messaging.\"My \"\"OutboxMessage\"\" for $1\"";
    const string Inbox = "messaging.\"My \"\"InboxState\"\" for $1\"";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Execute("DROP TABLE inbox_state, outbox_message, outbox_state");
        await using var context = Renamed(Database.OwnerConnectionString);
        await context.Database.MigrateAsync();
    }

    [Fact]
    public async Task The_migration_with_the_same_names_creates_what_the_model_describes()
    {
        await using var modelDatabase = await (await Servers.GetAsync()).CreateDatabaseAsync("model");
        await using (var context = Renamed(modelDatabase.OwnerConnectionString))
            await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);

        (await OutboxTablesOf.Schema(Database.OwnerConnectionString, "messaging"))
            .ShouldBe(await OutboxTablesOf.Schema(modelDatabase.OwnerConnectionString, "messaging"));
    }

    [Fact]
    public async Task Messages_are_consumed_sent_and_remembered_for_their_window()
    {
        await using var host = await Start(x => x.DuplicateDetectionWindow = TimeSpan.FromSeconds(3));

        await host.PublishAndSave(new OrderPlaced(NewId.NextGuid()));
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await Eventually.EqualAsync(ManyConsumer.Messages, () => Task.FromResult(host.Journal.Count<Counted>()), "messages of the batch");
        await Eventually.EqualAsync(0L, () => Count(Outbox), "rows in the outbox");

        await Eventually.EqualAsync(0L, () => Count(Inbox), "remembered messages");
    }

    [Fact]
    public async Task Duplicates_are_dropped_alone_and_in_batches()
    {
        await using var host = await Start(_ => { });
        var messageId = NewId.NextGuid();

        for (var i = 0; i < 4; i++)
            await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "PayUnsaved") + await RabbitMq.Depth(Broker.Uri, "BatchOfPlaced") == 0
            && host.Journal.Count<Counted>() > 0 && host.Journal.Count<OrderPaid>() > 0, "the endpoints are idle");
        await host.PublishAndSave(new OrderPlaced(NewId.NextGuid()));

        await Eventually.EqualAsync(2 * ManyConsumer.Messages, () => Task.FromResult(host.Journal.Count<Counted>()), "messages of the batches");
        await Eventually.EqualAsync(2L, () => Count("payments"), "payments");
        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        await Eventually.EqualAsync(0L, () => Count(Outbox), "rows in the outbox");
    }

    [Fact]
    public async Task Rows_that_were_left_are_swept_and_refused_ones_are_parked_listed_and_sent_again()
    {
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await RabbitMq.Declare(Broker.Uri, "taken", "direct", "unrelated");
        await using (var context = Renamed(Database.OwnerConnectionString))
        {
            context.Add(Row("target"));
            context.Add(Row("taken"));
            await context.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        await using var host = await Start(x =>
        {
            x.ParkAfterAttempts = 1;
            x.RetryDelay = x.MaxRetryDelay = TimeSpan.FromMilliseconds(100);
        });

        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "target"), "messages that were swept");
        await Eventually.EqualAsync("1 messages are parked in the outbox.", () => Health(host), "the health check");
        await host.InScope(async (context, _) =>
        {
            var parked = await context.GetParkedOutboxMessages().SingleAsync();
            parked.LastError!.ShouldContain("PRECONDITION_FAILED");
            (await context.SendParkedOutboxMessagesAgainAsync([parked.Id])).ShouldBe(1);
        });
        await Eventually.EqualAsync("1 messages are parked in the outbox.", () => Health(host), "the health check");
        await host.InScope(async (context, _) =>
            (await context.DiscardParkedOutboxMessagesAsync([await context.GetParkedOutboxMessages().Select(x => x.Id).SingleAsync()])).ShouldBe(1));
        await Eventually.EqualAsync("0 messages wait in the outbox.", () => Health(host), "the health check");
    }

    Task<TestHost> Start(Action<IEntityFrameworkOutboxConfigurator> outbox)
    {
        return new TestHostBuilder(Database.OwnerConnectionString, Broker.Uri)
            .Database(services =>
            {
                services.AddDbContext<TestDbContext>(x => x.UseNpgsql(Database.OwnerConnectionString));
                services.AddScoped<TestDbContext>(x => new RenamedDbContext(x.GetRequiredService<DbContextOptions<TestDbContext>>()));
            })
            .Consumer<PayUnsavedConsumer>().Consumer<RecordPaidConsumer>().Consumer<RecordCountConsumer>()
            .Bus(x => x.AddConsumer<BatchOfPlacedConsumer>(c => c.Options<BatchOptions>(b => b.SetMessageLimit(4).SetTimeLimit(TimeSpan.FromMilliseconds(300)))))
            .Outbox(outbox).StartAsync();
    }

    static async Task<string> Health(TestHost host)
    {
        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(x => x.Tags.Contains("outbox"), TestContext.Current.CancellationToken);
        return report.Entries.Single().Value.Description!;
    }

    OutboxMessage Row(string exchange)
    {
        return new OutboxMessage
        {
            Id = NewId.NextGuid(),
            MessageId = NewId.NextGuid(),
            DestinationAddress = $"rabbitmq://{Broker.Host}:{Broker.Port}/{Broker.Name}/{exchange}",
            ContentType = "application/json",
            Body = "{}"u8.ToArray(),
            SentTime = DateTime.UtcNow,
            Due = DateTime.UtcNow.AddMinutes(-1),
        };
    }

    static RenamedDbContext Renamed(string connectionString)
    {
        return new RenamedDbContext(new DbContextOptionsBuilder<TestDbContext>().UseNpgsql(connectionString).Options);
    }
}

public class RenamedDbContext(DbContextOptions<TestDbContext> options) : TestDbContext(options)
{
    protected override void AddOutbox(ModelBuilder modelBuilder)
    {
        modelBuilder.AddTransactionalOutboxEntities(entity =>
        {
            entity.ToTable(Table(entity.Metadata.ClrType.Name), "messaging");
            foreach (var property in entity.Metadata.GetProperties())
                property.SetColumnName(Column(property.Name));
        });
    }

    public static string Table(string entity) => $"My \"{entity}\" for $1";

    public static string Column(string property) => $"{property} of \"mine\"";
}

[DbContext(typeof(RenamedDbContext))]
[Migration("20260102000000_Renamed")]
public class RenamedMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateOutboxTables("messaging");
        Rename(migrationBuilder, "inbox_state", "message_id", "consumer_id", "consumed");
        Rename(migrationBuilder, "outbox_message", "id", "bus_name", "message_id", "destination_address", "content_type", "body", "transport",
            "sent_time", "due", "expiration_time", "attempts", "last_error", "parked_time");
        Rename(migrationBuilder, "outbox_state", "bus_name", "inbox_trimmed");
    }

    static void Rename(MigrationBuilder migrationBuilder, string table, params string[] columns)
    {
        foreach (var column in columns)
            migrationBuilder.RenameColumn(column, table, RenamedDbContext.Column(Pascal(column)), "messaging");
        migrationBuilder.RenameTable(table, "messaging", RenamedDbContext.Table(Pascal(table)), "messaging");
    }

    static string Pascal(string name) => string.Concat(name.Split('_').Select(x => char.ToUpperInvariant(x[0]) + x[1..]));
}

public class BatchOfPlacedConsumer : IConsumer<Batch<OrderPlaced>>
{
    public async Task Consume(ConsumeContext<Batch<OrderPlaced>> context)
    {
        for (var i = 0; i < ManyConsumer.Messages; i++)
            await context.Publish(new Counted(NewId.NextGuid(), i));
    }
}
