using System.Text;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.Mediator;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests.DropIn;

/// <summary>What else lives in a scope besides the DbContext: the mediator and scoped filters.</summary>
public class ScopeTests : OutboxTest
{
    [Fact]
    public async Task A_consumer_of_the_scoped_mediator_shares_the_scopes_outbox()
    {
        await using var host = await StartWithMediator<PublishingConsumer>();

        await using var scope = host.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IScopedMediator>().Send(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        (await Count("outbox_message")).ShouldBe(0);
        scope.ServiceProvider.GetRequiredService<TestDbContext>().ChangeTracker.HasChanges().ShouldBeTrue("the message waits for the scope's SaveChanges");
        await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_consumer_of_the_mediator_sends_with_its_own_SaveChanges()
    {
        await using var host = await StartWithMediator<SavingConsumer>();

        await host.Services.GetRequiredService<IMediator>().Send(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        (await Count("payments")).ShouldBe(1);
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        await OutboxIsEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_scoped_filter_runs_once_for_each_message_and_in_the_scope_that_sent_it(bool fromMemory)
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        await using (var storing = await Host(x =>
            {
                if (!fromMemory)
                    x.UseBusOutbox(delivery => delivery.DisableDeliveryService());
            }).StartAsync())
        {
            await using (var scope = storing.Services.CreateAsyncScope())
            {
                scope.ServiceProvider.GetRequiredService<Tenant>().Name = "violet";
                await scope.ServiceProvider.GetRequiredService<IPublishEndpoint>().Publish(new OrderPaid(NewId.NextGuid()), TestContext.Current.CancellationToken);
                await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(TestContext.Current.CancellationToken);
            }

            if (fromMemory)
                await OutboxIsEmpty();
        }

        await using var sending = await Host(_ => { }).StartAsync();
        var delivery = await RabbitMq.Receive(Broker.Uri, "paid");
        Encoding.UTF8.GetString((byte[])delivery.BasicProperties.Headers!["tenant"]!).ShouldBe("violet");
        await OutboxIsEmpty();

        TestHostBuilder Host(Action<IEntityFrameworkOutboxConfigurator> outbox)
        {
            return NewHost().Outbox(outbox)
                .Services(x => x.AddScoped<Tenant>())
                .RabbitMq((context, rabbit) => rabbit.UsePublishFilter(typeof(TenantFilter<>), context));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_scoped_filter_that_takes_the_endpoints_first_does_not_lead_the_consumer_past_the_outbox(bool fails)
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        await using var host = await NewHost().Services(x => x.AddSingleton(new Outcome(fails))).Consumer<InjectedEndpointsConsumer>()
            .RabbitMq((context, rabbit) => rabbit.UseConsumeFilter(typeof(EndpointsFilter<>), context)).StartAsync();

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        if (fails)
            await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "InjectedEndpoints_error"), "failed messages");
        else
            await Eventually.EqualAsync(2u, () => RabbitMq.Depth(Broker.Uri, "paid"), "messages of the consumer");
        await OutboxIsEmpty();
        (await RabbitMq.Depth(Broker.Uri, "paid")).ShouldBe(fails ? 0u : 2u);
    }

    [Fact]
    public async Task Nor_does_it_without_the_bus_outbox()
    {
        await RabbitMq.Declare(Broker.Uri, MessageExchange.Of<OrderPaid>(), "fanout", "paid");
        using var host = await DocumentedHost.StartAsync(Broker.Uri, services =>
        {
            services.AddDbContext<TestDbContext>(x => x.UseNpgsql(Database.ConnectionString));
            services.AddSingleton(new Outcome(Fails: true));
        }, bus =>
        {
            bus.AddEntityFrameworkOutbox<TestDbContext>(outbox => outbox.UsePostgres());
            bus.AddConsumer<InjectedEndpointsConsumer>();
            bus.AddConfigureEndpointsCallback((context, _, endpoint) =>
            {
                endpoint.UseConsumeFilter(typeof(EndpointsFilter<>), context);
                endpoint.UseEntityFrameworkOutbox<TestDbContext>(context);
            });
        });

        await host.Services.GetRequiredService<IBus>().Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(1u, () => RabbitMq.Depth(Broker.Uri, "injected-endpoints_error"), "failed messages");
        (await RabbitMq.Depth(Broker.Uri, "paid")).ShouldBe(0u);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    Task<TestHost> StartWithMediator<TConsumer>()
        where TConsumer : class, IConsumer
    {
        return NewHost().Consumer<RecordPaidConsumer>().Services(x => x.AddMediator(mediator => mediator.AddConsumer<TConsumer>())).StartAsync();
    }

    public class PublishingConsumer(TestDbContext database, IPublishEndpoint publishEndpoint) : IConsumer<OrderPlaced>
    {
        public Task Consume(ConsumeContext<OrderPlaced> context)
        {
            database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
            return publishEndpoint.Publish(new OrderPaid(context.Message.OrderId), context.CancellationToken);
        }
    }

    public class SavingConsumer(TestDbContext database, IPublishEndpoint publishEndpoint) : IConsumer<OrderPlaced>
    {
        public async Task Consume(ConsumeContext<OrderPlaced> context)
        {
            database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
            await publishEndpoint.Publish(new OrderPaid(context.Message.OrderId), context.CancellationToken);
            await database.SaveChangesAsync(context.CancellationToken);
        }
    }

    public sealed record Outcome(bool Fails);

    public class InjectedEndpointsConsumer(IPublishEndpoint publishEndpoint, ISendEndpointProvider sendEndpoints, Outcome outcome) : IConsumer<OrderPlaced>
    {
        public async Task Consume(ConsumeContext<OrderPlaced> context)
        {
            await publishEndpoint.Publish(new OrderPaid(context.Message.OrderId), context.CancellationToken);
            var endpoint = await sendEndpoints.GetSendEndpoint(new Uri("queue:paid"));
            await endpoint.Send(new OrderPaid(context.Message.OrderId), context.CancellationToken);
            if (outcome.Fails)
                throw new InvalidOperationException("It fails after it has sent.");
        }
    }

    public class EndpointsFilter<T>(IPublishEndpoint publishEndpoint, ISendEndpointProvider sendEndpoints) : IFilter<ConsumeContext<T>>
        where T : class
    {
        public Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
        {
            publishEndpoint.ShouldNotBeNull();
            sendEndpoints.ShouldNotBeNull();
            return next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("endpoints");
    }

    public class Tenant
    {
        public string Name { get; set; } = "nobody";
    }

    public class TenantFilter<T>(Tenant tenant) : IFilter<PublishContext<T>>
        where T : class
    {
        public Task Send(PublishContext<T> context, IPipe<PublishContext<T>> next)
        {
            context.Headers.Set("tenant", tenant.Name);
            return next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("tenant");
    }
}
