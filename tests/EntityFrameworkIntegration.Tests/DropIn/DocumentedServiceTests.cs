using System.Data;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests.DropIn;

/// <summary>A service that is written as the published package's documentation says compiles unchanged, and runs.</summary>
public class DocumentedServiceTests : OutboxTest
{
    [Theory]
    [InlineData(ConcurrencyMode.Optimistic)]
    [InlineData(ConcurrencyMode.Pessimistic)]
    public async Task A_service_with_every_option_and_definitions_runs(ConcurrencyMode mode)
    {
        await RunsABooking(bus =>
        {
            bus.AddEntityFrameworkOutbox<CourseDbContext>(outbox =>
            {
                outbox.UsePostgres();
                outbox.DuplicateDetectionWindow = TimeSpan.FromMinutes(10);
                outbox.IsolationLevel = IsolationLevel.ReadCommitted;
                outbox.QueryDelay = TimeSpan.FromSeconds(1);
                outbox.QueryMessageLimit = 100;
                outbox.QueryTimeout = TimeSpan.FromSeconds(20);
                outbox.DisableInboxCleanupService();
                outbox.UseBusOutbox(delivery =>
                {
                    delivery.MessageDeliveryLimit = 10;
                    delivery.MessageDeliveryTimeout = TimeSpan.FromSeconds(5);
                });
            });
            bus.AddConsumer<WriteConfirmationConsumer, WriteConfirmationDefinition>();
            bus.AddSagaStateMachine<BookingStateMachine, BookingState, BookingStateDefinition>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = mode;
                r.IsolationLevel = IsolationLevel.ReadCommitted;
                r.ExistingDbContext<CourseDbContext>();
                r.UsePostgres();
                r.CustomizeQuery(sagas => sagas.Where(x => x.CurrentState != "Withdrawn"));
            });
        });
    }

    [Fact]
    public async Task One_repository_for_every_saga_and_one_callback_for_every_endpoint()
    {
        await RunsABooking(bus =>
        {
            bus.AddEntityFrameworkOutbox<CourseDbContext>(outbox =>
            {
                outbox.LockStatementProvider = new PostgresLockStatementProvider();
                outbox.UseBusOutbox();
            });
            bus.SetEntityFrameworkSagaRepositoryProvider(r =>
            {
                r.ExistingDbContext<CourseDbContext>();
                r.UsePostgres();
            });
            bus.AddConsumer<WriteConfirmationConsumer>();
            bus.AddSagaStateMachine<BookingStateMachine, BookingState>();
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.UseMessageRetry(r => r.Intervals(10, 50, 100, 500, 1000));
                endpoint.UseEntityFrameworkOutbox<CourseDbContext>(context);
            });
        });
    }

    [Fact]
    public async Task A_repository_that_is_added_apart_from_its_saga()
    {
        await RunsABooking(bus =>
        {
            bus.AddEntityFrameworkOutbox<CourseDbContext>(outbox => outbox.UsePostgres().UseBusOutbox());
            bus.AddConsumer<WriteConfirmationConsumer, WriteConfirmationDefinition>();
            bus.AddSagaStateMachine<BookingStateMachine, BookingState, BookingStateDefinition>();
            bus.AddSagaRepository<BookingState>().EntityFrameworkRepository(r =>
            {
                r.ExistingDbContext<CourseDbContext>();
                r.LockStatementProvider = new PostgresLockStatementProvider();
            });
        });
    }

    [Fact]
    public async Task Two_sagas_that_add_a_DbContext_each_are_kept_in_their_own()
    {
        await CreateCourseTables();
        using var host = await Start(_ => { }, bus =>
        {
            bus.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.AddDbContext<DbContext, OtherSagaDbContext>((_, options) => options.UseNpgsql(Database.ConnectionString));
                r.UsePostgres();
            });
            bus.AddSagaStateMachine<BookingStateMachine, BookingState>().EntityFrameworkRepository(r =>
            {
                r.AddDbContext<DbContext, CourseDbContext>((_, options) => options.UseNpgsql(Database.OwnerConnectionString,
                    npgsql => npgsql.MigrationsHistoryTable("__CourseDbContext")));
                r.UsePostgres();
            });
        });
        var bus = host.Services.GetRequiredService<IBus>();

        await bus.Publish(new CountUp(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await bus.Publish(new PlaceBooked(NewId.NextGuid(), "Ada"), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1L, () => Count("counters"), "counters");
        await Eventually.EqualAsync(1L, () => Count("course.\"BookingState\""), "bookings");
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_saga_in_a_schema_of_the_search_path()
    {
        await Execute("CREATE SCHEMA elsewhere; ALTER TABLE counters SET SCHEMA elsewhere");
        NpgsqlConnectionStringBuilder connection = new(Database.OwnerConnectionString) { SearchPath = "elsewhere" };
        using var host = await Start(
            services => services.AddDbContext<OtherSagaDbContext>(options => options.UseNpgsql(connection.ConnectionString)),
            bus => bus.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(r =>
            {
                r.ConcurrencyMode = ConcurrencyMode.Pessimistic;
                r.ExistingDbContext<OtherSagaDbContext>();
                r.UsePostgres("elsewhere");
            }));
        var id = NewId.NextGuid();

        var bus = host.Services.GetRequiredService<IBus>();
        await bus.Publish(new CountUp(id), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("elsewhere.counters", "\"Count\" = 1"), "counters at 1");
        await bus.Publish(new CountUp(id), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1L, () => Count("elsewhere.counters", "\"Count\" = 2"), "counters at 2");
        await host.StopAsync(TestContext.Current.CancellationToken);

        await using var scope = host.Services.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<OtherSagaDbContext>();
        new PostgresLockStatementProvider("elsewhere").GetRowLockStatement<CounterSaga>(context).ShouldContain("\"elsewhere\".\"counters\"");
        new PostgresLockStatementProvider().GetRowLockStatement<CounterSaga>(context).ShouldContain("FROM \"counters\"");
    }

    async Task RunsABooking(Action<IBusRegistrationConfigurator> configure)
    {
        await CreateCourseTables();
        using var host = await Start(services =>
        {
            services.AddDbContext<CourseDbContext>(options => options.UseNpgsql(Database.OwnerConnectionString));
            services.AddScoped<BookingDesk>();
        }, configure);

        Guid id;
        await using (var scope = host.Services.CreateAsyncScope())
            id = await scope.ServiceProvider.GetRequiredService<BookingDesk>().Book("Ada");
        await Eventually.EqualAsync(1L, () => Count("course.\"BookingState\"", "\"CurrentState\" = 'Confirmed'"), "confirmed bookings");
        await using (var scope = host.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<BookingDesk>().WriteAgain(id);

        await Eventually.EqualAsync(2L, () => Count("course.\"Confirmation\""), "confirmations");
        await Eventually.EqualAsync(5L, () => Count("course.\"InboxState\""), "consumed messages");
        await Eventually.EqualAsync(0L, () => Count("course.outbox_message"), "rows in the outbox");
        await host.StopAsync(TestContext.Current.CancellationToken);

        await using var command = Sql.CreateCommand($"SELECT \"Steps\" FROM course.\"BookingState\" WHERE \"CorrelationId\" = '{id}'");
        (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken)).ShouldBe("""["booked","confirmed"]""");
    }

    async Task CreateCourseTables()
    {
        await using CourseDbContext context = new(new DbContextOptionsBuilder<CourseDbContext>().UseNpgsql(Database.OwnerConnectionString).Options);
        await context.GetService<IRelationalDatabaseCreator>().CreateTablesAsync(TestContext.Current.CancellationToken);
    }

    Task<IHost> Start(Action<IServiceCollection> services, Action<IBusRegistrationConfigurator> configure)
    {
        return DocumentedHost.StartAsync(Broker.Uri, services, configure);
    }
}
