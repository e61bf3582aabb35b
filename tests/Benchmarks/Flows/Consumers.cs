using MassTransit;

namespace Benchmarks.Flows;

public record OrderSubmitted(Guid OrderId, string Filler);

public record OrderPaid(Guid OrderId, string Filler);

/// <summary>With the outbox, what a consumer adds to its DbContext is saved with its messages; without, it saves by itself.</summary>
sealed class FlowSettings(bool outbox)
{
    public bool ConsumersSave => !outbox;
}

sealed class PayConsumer(BenchmarkDbContext database, FlowSettings settings) : IConsumer<OrderSubmitted>
{
    public async Task Consume(ConsumeContext<OrderSubmitted> context)
    {
        database.Payments.Add(new PaymentRow { Id = context.Message.OrderId, Amount = 12.34m });
        if (settings.ConsumersSave)
            await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId, context.Message.Filler));
    }
}

sealed class ShipConsumer(BenchmarkDbContext database, FlowSettings settings) : IConsumer<OrderPaid>
{
    public async Task Consume(ConsumeContext<OrderPaid> context)
    {
        database.Shipments.Add(new ShipmentRow { Id = context.Message.OrderId, Carrier = "carrier" });
        if (settings.ConsumersSave)
            await database.SaveChangesAsync(context.CancellationToken);
        context.ReceiveContext.GetOrAddPayload(() => new ShippedOrder(context.Message.OrderId));
    }
}
