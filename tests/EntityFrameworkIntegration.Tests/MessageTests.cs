using System.Text;
using System.Text.Json;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.Serialization;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>
/// A message arrives as it was sent, whether it went from memory right after the commit or was read from its row by a sweeper.
/// </summary>
public class MessageTests : OutboxTest
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Headers_routing_key_priority_and_time_to_live_survive(bool fromMemory)
    {
        await RabbitMq.Declare(Broker.Uri, "orders", "direct", "orders", "the-key");
        await using var hosts = await Start(fromMemory);
        var messageId = NewId.NextGuid();
        var correlationId = NewId.NextGuid();

        await Send(hosts.Storing, new Uri("exchange:orders?type=direct"), new OrderPaid(NewId.NextGuid(), 7), context =>
        {
            context.MessageId = messageId;
            context.CorrelationId = correlationId;
            context.Headers.Set("text", "value");
            context.Headers.Set("number", 42);
            context.Headers.Set("big", 42_000_000_000L);
            context.Headers.Set("truth", true);
            context.TimeToLive = TimeSpan.FromMinutes(10);
            context.SetRoutingKey("the-key");
            context.SetPriority(5);
        });

        var delivery = await RabbitMq.Receive(Broker.Uri, "orders");
        delivery.BasicProperties.MessageId.ShouldBe(messageId.ToString());
        delivery.BasicProperties.CorrelationId.ShouldBe(correlationId.ToString());
        delivery.BasicProperties.Priority.ShouldBe((byte)5);
        delivery.BasicProperties.DeliveryMode.ShouldBe(DeliveryModes.Persistent);
        double.Parse(delivery.BasicProperties.Expiration!).ShouldBeInRange(400_000, 600_000);
        delivery.RoutingKey.ShouldBe("the-key");
        var headers = delivery.BasicProperties.Headers!;
        Encoding.UTF8.GetString((byte[])headers["text"]!).ShouldBe("value");
        headers["number"].ShouldBe(42);
        headers["big"].ShouldBe(42_000_000_000L);
        headers.ShouldContainKey("truth");
        await OutboxIsEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Raw_JSON_goes_out_as_it_was_serialized(bool fromMemory)
    {
        await RabbitMq.Declare(Broker.Uri, "orders", "fanout", "orders");
        await using var hosts = await Start(fromMemory, x => x.RabbitMq((_, r) => r.UseRawJsonSerializer(RawSerializerOptions.AddTransportHeaders, isDefault: true)));

        await Send(hosts.Storing, new Uri("exchange:orders"), new OrderPaid(Guid.Empty, 7), context => context.ConversationId = Guid.Empty);

        var delivery = await RabbitMq.Receive(Broker.Uri, "orders");
        delivery.BasicProperties.ContentType.ShouldBe("application/json");
        using var body = JsonDocument.Parse(delivery.Body);
        body.RootElement.EnumerateObject().Select(x => x.Name).ShouldBe(["orderId", "number"]);
        body.RootElement.GetProperty("number").GetInt32().ShouldBe(7);
        delivery.BasicProperties.Headers!.ShouldContainKey("MT-MessageType");
        await OutboxIsEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_reaches_the_consumers_of_its_base_types(bool fromMemory)
    {
        await using var hosts = await Start(fromMemory, x => x.Consumer<BaseConsumer>());

        await hosts.Storing.PublishAndSave(new DerivedHappened("it"));

        await Eventually.EqualAsync(1, () => Task.FromResult(hosts.Recorded<string>().Count), "messages by base type");
        hosts.Recorded<string>().Single().ShouldBe("it");
    }

    [Fact]
    public async Task A_scheduled_message_waits_in_its_row_and_is_sent_when_it_is_due()
    {
        await using var host = await NewHost().Consumer<RecordPaidConsumer>().Consumer<SchedulingConsumer>()
            .Bus(x => x.AddDelayedMessageScheduler()).RabbitMq((_, x) => x.UseDelayedMessageScheduler()).StartAsync();
        var started = DateTime.UtcNow;

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<IMessageScheduler>()
                .SchedulePublish(started.AddSeconds(3), new OrderPaid(NewId.NextGuid()), TestContext.Current.CancellationToken);
            await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        // The broker has no plugin that could delay a message.
        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
        (DateTime.UtcNow - started).ShouldBeGreaterThan(TimeSpan.FromSeconds(2.9));
        await OutboxIsEmpty();
    }

    [Fact]
    public async Task A_request_is_answered_through_the_outbox_also_when_a_consumer_asks()
    {
        await using var host = await NewHost().Consumer<PriceConsumer>().Consumer<AskingConsumer>()
            .Bus(x => x.AddRequestClient<PriceRequest>()).StartAsync();

        await using var scope = host.Services.CreateAsyncScope();
        var response = await scope.ServiceProvider.GetRequiredService<IRequestClient<PriceRequest>>()
            .GetResponse<PriceResponse>(new PriceRequest("tea"), TestContext.Current.CancellationToken);
        response.Message.Price.ShouldBe(3);

        await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<PriceResponse>()), "answers");
        await OutboxIsEmpty();
    }

    static async Task Send<T>(TestHost host, Uri address, T message, Action<SendContext<T>> configure)
        where T : class
    {
        await using var scope = host.Services.CreateAsyncScope();
        var endpoint = await scope.ServiceProvider.GetRequiredService<ISendEndpointProvider>().GetSendEndpoint(address);
        await endpoint.Send(message, configure);
        await scope.ServiceProvider.GetRequiredService<TestDbContext>().SaveChangesAsync();
    }

    async Task<TwoHosts> Start(bool fromMemory, Action<TestHostBuilder>? configure = null)
    {
        var builder = NewHost();
        configure?.Invoke(builder);
        if (fromMemory)
            return new TwoHosts(await builder.StartAsync(), null);

        // The instance that stores the messages sends none, so that the other one reads them from their rows.
        var storing = NewHost().Outbox(x => x.UseBusOutbox(b => b.DisableDeliveryService()));
        configure?.Invoke(storing);
        return new TwoHosts(await storing.StartAsync(), await builder.StartAsync());
    }

    sealed record TwoHosts(TestHost Storing, TestHost? Sending) : IAsyncDisposable
    {
        public IReadOnlyList<T> Recorded<T>() => [.. Storing.Journal.Of<T>(), .. Sending?.Journal.Of<T>() ?? []];

        public async ValueTask DisposeAsync()
        {
            await Storing.DisposeAsync();
            if (Sending is not null)
                await Sending.DisposeAsync();
        }
    }
}

public interface ISomethingHappened
{
    string Name { get; }
}

public record DerivedHappened(string Name) : ISomethingHappened;

public class BaseConsumer(Journal journal) : IConsumer<ISomethingHappened>
{
    public Task Consume(ConsumeContext<ISomethingHappened> context)
    {
        journal.Add(context.Message.Name);
        return Task.CompletedTask;
    }
}

public class SchedulingConsumer : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context)
    {
        return context.SchedulePublish(TimeSpan.FromSeconds(3), new OrderPaid(context.Message.OrderId));
    }
}

public record PriceRequest(string Product);

public record PriceResponse(int Price);

public class PriceConsumer : IConsumer<PriceRequest>
{
    public Task Consume(ConsumeContext<PriceRequest> context) => context.RespondAsync(new PriceResponse(context.Message.Product.Length));
}

public class AskingConsumer(IRequestClient<PriceRequest> client, Journal journal) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        journal.Add((await client.GetResponse<PriceResponse>(new PriceRequest("coffee"))).Message);
    }
}
