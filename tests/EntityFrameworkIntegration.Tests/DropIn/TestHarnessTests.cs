using System.Diagnostics.Metrics;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using MassTransit.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests.DropIn;

/// <summary>MassTransit's test harness, which has a container and no host.</summary>
public class TestHarnessTests : OutboxTest
{
    readonly LogCapture _logs = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_test_harness_sees_what_passes_through_the_outbox_and_stops_at_once(bool inMemoryTransport)
    {
        await using (var provider = Provider(inMemoryTransport))
        {
            var harness = provider.GetTestHarness();
            await harness.Start();

            await PublishAndSave(provider);

            (await harness.Consumed.Any<OrderPlaced>(TestContext.Current.CancellationToken)).ShouldBeTrue();
            (await harness.GetConsumerHarness<PayOrderConsumer>().Consumed.Any<OrderPlaced>(TestContext.Current.CancellationToken)).ShouldBeTrue();
            await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
            await OutboxIsEmpty();
            await Stop(harness);
        }

        _logs.Lines.ShouldNotContain(x => x.Contains("before the outbox was drained", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_harness_that_is_only_disposed_of_ends_as_well()
    {
        await using (var provider = Provider(inMemoryTransport: true))
        {
            await provider.GetTestHarness().Start();
            await PublishAndSave(provider);
            await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
            await OutboxIsEmpty();
        }

        _logs.Lines.ShouldNotContain(x => x.Contains("before the outbox was drained", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_restart_of_the_harness_the_sweeper_sweeps_again()
    {
        await using var provider = Provider(inMemoryTransport: true);
        var harness = provider.GetTestHarness();
        await harness.Start();

        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(60));
        await harness.RestartHostedServices(bound.Token);
        await PublishAndSave(provider, scheduled: DateTime.UtcNow.AddMilliseconds(200));

        await Eventually.EqualAsync(1L, () => Count("payments"), "payments");
        await OutboxIsEmpty();
        await Stop(harness);
    }

    [Fact]
    public async Task A_container_that_is_gone_leaves_no_instruments_behind()
    {
        await using (var provider = new ServiceCollection().AddLogging().AddMassTransit(bus =>
            {
                bus.AddEntityFrameworkOutbox<InstrumentedDbContext>(outbox => outbox.UsePostgres());
                bus.UsingInMemory();
            }).BuildServiceProvider(true))
        {
            provider.GetServices<IHostedService>().ShouldNotBeEmpty();
            Instruments().ShouldContain("outbox.depth");
        }

        Instruments().ShouldBeEmpty();

        static List<string> Instruments()
        {
            List<string> names = [];
            using MeterListener listener = new();
            listener.InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Tags?.Any(x => x.Value is nameof(InstrumentedDbContext)) == true)
                    names.Add(instrument.Name);
            };
            listener.Start();
            return names;
        }
    }

    ServiceProvider Provider(bool inMemoryTransport)
    {
        return new ServiceCollection()
            .AddLogging(x => x.AddProvider(_logs))
            .AddDbContext<TestDbContext>(x => x.UseNpgsql(Database.ConnectionString))
            .AddMassTransitTestHarness(bus =>
            {
                // A busy machine may well pause for longer than the default of 1.2 s.
                bus.SetTestTimeouts(testTimeout: TimeSpan.FromSeconds(60), testInactivityTimeout: TimeSpan.FromSeconds(30));
                bus.AddEntityFrameworkOutbox<TestDbContext>(outbox =>
                {
                    outbox.QueryDelay = TimeSpan.FromMilliseconds(200);
                    outbox.UsePostgres();
                    outbox.UseBusOutbox();
                });
                bus.AddDelayedMessageScheduler();
                bus.AddConsumer<PayOrderConsumer>();
                bus.AddConfigureEndpointsCallback((context, _, endpoint) => endpoint.UseEntityFrameworkOutbox<TestDbContext>(context));
                if (inMemoryTransport)
                {
                    bus.UsingInMemory((context, memory) =>
                    {
                        memory.UseDelayedMessageScheduler();
                        memory.ConfigureEndpoints(context);
                    });
                }
                else
                {
                    bus.UsingRabbitMq((context, rabbit) =>
                    {
                        rabbit.Host(Broker.Uri);
                        rabbit.ConfigureEndpoints(context);
                    });
                }
            })
            .BuildServiceProvider(true);
    }

    static async Task Stop(ITestHarness harness)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(60));
        await harness.Stop(bound.Token);
    }

    static async Task PublishAndSave(IServiceProvider provider, DateTime? scheduled = null)
    {
        await using var scope = provider.CreateAsyncScope();
        OrderPlaced message = new(NewId.NextGuid());
        if (scheduled is { } time)
            await scope.ServiceProvider.GetRequiredService<IMessageScheduler>().SchedulePublish(time, message);
        else
            await scope.ServiceProvider.GetRequiredService<IPublishEndpoint>().Publish(message);
        await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync();
    }

    public class InstrumentedDbContext(DbContextOptions<InstrumentedDbContext> options) : DbContext(options);
}
