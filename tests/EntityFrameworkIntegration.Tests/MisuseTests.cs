using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>A mistake ends the start, with a sentence that says which and how to correct it.</summary>
public class MisuseTests
{
    static readonly Uri Nowhere = new("amqp://localhost:1/");

    [Fact]
    public async Task Entities_that_are_not_in_the_model()
    {
        (await Start(Bus<ForgetfulDbContext>(), x => x.AddDbContext<ForgetfulDbContext>(o => o.UseNpgsql("Host=localhost"))))
            .ShouldContain("call modelBuilder.AddTransactionalOutboxEntities() in OnModelCreating");
    }

    [Fact]
    public async Task A_DbContext_that_is_not_registered()
    {
        (await Start(Bus<TestDbContext>(), _ => { })).ShouldContain("call services.AddDbContext<TestDbContext>()");
    }

    [Fact]
    public async Task Another_provider()
    {
        (await Start(Bus<TestDbContext>(), x => x.AddDbContext<TestDbContext>(o => o.UseInMemoryDatabase("other")))).ShouldContain("PostgreSQL only");
    }

    [Fact]
    public async Task An_endpoint_with_an_outbox_that_was_not_added()
    {
        (await Start(x =>
        {
            x.AddConsumer<PayOrderConsumer>();
            x.AddConfigureEndpointsCallback((context, _, endpoint) => endpoint.UseEntityFrameworkOutbox<TestDbContext>(context));
        }, x => x.AddDbContext<TestDbContext>(o => o.UseNpgsql("Host=localhost")))).ShouldContain("needs AddEntityFrameworkOutbox<TestDbContext>");
    }

    [Fact]
    public void No_database_chosen()
    {
        Configure(_ => { }).ShouldContain("call UsePostgres()");
    }

    [Fact]
    public void A_lease_that_ends_before_a_send_has_given_up()
    {
        Configure(x =>
        {
            x.UsePostgres();
            x.LeaseDuration = TimeSpan.FromSeconds(5);
        }).ShouldContain("LeaseDuration (00:00:05) does not exceed MessageDeliveryTimeout (00:00:10)");
    }

    [Fact]
    public void A_schema_that_changes_while_the_service_runs()
    {
        Configure(x => x.UsePostgres(enableSchemaCaching: false)).ShouldContain("the sweeper reads one schema only");
    }

    [Fact]
    public void A_schema_beside_the_model()
    {
        Configure(x => x.UsePostgres("sales")).ShouldContain("name the schema with modelBuilder.HasDefaultSchema(\"sales\")");
        Configure(x => x.LockStatementProvider = new PostgresLockStatementProvider("sales")).ShouldContain("name tables and schema in the model");
    }

    [Fact]
    public void Lock_statements_of_ones_own_for_the_outbox()
    {
        Configure(x => x.LockStatementProvider = new OwnLockStatements()).ShouldContain("The outbox claims rows with statements of its own");
    }

    [Fact]
    public void Numbers_out_of_range()
    {
        Configure(x =>
        {
            x.UsePostgres();
            x.QueryMessageLimit = 0;
        }).ShouldContain("QueryMessageLimit is 0, but must be at least 1");
        Configure(x =>
        {
            x.UsePostgres();
            x.DuplicateDetectionWindow = TimeSpan.Zero;
        }).ShouldContain("DuplicateDetectionWindow is 00:00:00, but must be positive");
    }

    [Fact]
    public void The_same_outbox_twice()
    {
        ServiceCollection services = new();
        Should.Throw<Exception>(() => services.AddMassTransit(x =>
        {
            x.AddEntityFrameworkOutbox<TestDbContext>(o => o.UsePostgres());
            x.AddEntityFrameworkOutbox<TestDbContext>(o => o.UsePostgres());
        })).GetBaseException().Message.ShouldContain("was called twice on the same bus");
    }

    [Fact]
    public void A_saga_without_a_DbContext()
    {
        ServiceCollection services = new();
        Should.Throw<Exception>(() => services.AddMassTransit(x =>
            x.AddSagaStateMachine<CounterStateMachine, CounterSaga>().EntityFrameworkRepository(_ => { })))
            .GetBaseException().Message.ShouldContain("call r.ExistingDbContext<T>()");
    }

    static Action<IBusRegistrationConfigurator> Bus<TDbContext>()
        where TDbContext : DbContext
    {
        return x => x.AddEntityFrameworkOutbox<TDbContext>(o =>
        {
            o.UsePostgres();
            o.UseBusOutbox();
        });
    }

    static string Configure(Action<IEntityFrameworkOutboxConfigurator> configure)
    {
        ServiceCollection services = new();
        return Should.Throw<Exception>(() => services.AddMassTransit(x => x.AddEntityFrameworkOutbox<TestDbContext>(configure))).GetBaseException().Message;
    }

    static async Task<string> Start(Action<IBusRegistrationConfigurator> bus, Action<IServiceCollection> database)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLogging();
        database(builder.Services);
        builder.Services.AddMassTransit(x =>
        {
            bus(x);
            x.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(Nowhere);
                rabbit.ConfigureEndpoints(context);
            });
        });
        using var host = builder.Build();
        return (await Should.ThrowAsync<Exception>(() => host.StartAsync())).GetBaseException().Message;
    }
}

public class OwnLockStatements : PostgresLockStatementProvider;

public class ForgetfulDbContext(DbContextOptions<ForgetfulDbContext> options) : DbContext(options);
