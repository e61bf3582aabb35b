using MassTransit;

namespace Benchmarks.Flows;

public record OrderSubmitted(Guid OrderId, string Filler);

public record OrderPaid(Guid OrderId, string Filler);

sealed class PayConsumer(BenchmarkDbContext database) : IConsumer<OrderSubmitted>
{
    public async Task Consume(ConsumeContext<OrderSubmitted> context)
    {
        database.Payments.Add(new PaymentRow { Id = context.Message.OrderId, Amount = 12.34m });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId, context.Message.Filler));
    }
}

sealed class ShipConsumer(BenchmarkDbContext database) : IConsumer<OrderPaid>
{
    public async Task Consume(ConsumeContext<OrderPaid> context)
    {
        database.Shipments.Add(new ShipmentRow { Id = context.Message.OrderId, Carrier = "carrier" });
        await database.SaveChangesAsync(context.CancellationToken);
        context.ReceiveContext.GetOrAddPayload(() => new ShippedOrder(context.Message.OrderId));
    }
}
