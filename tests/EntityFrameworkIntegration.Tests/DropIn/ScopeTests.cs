using System.Text;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.Mediator;
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
