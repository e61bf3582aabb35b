using EntityFrameworkIntegration.Tests.Crashes;
using MassTransit;

namespace EntityFrameworkIntegration.Tests.Support;

public record OrderPlaced(Guid OrderId, string Note = "");

public record OrderPaid(Guid OrderId, int Number = 0);

/// <summary>Pays an order and tells so: one entity, one message.</summary>
public class PayOrderConsumer(TestDbContext database, Halt? halt = null) : IConsumer<OrderPlaced>
{
    public async Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.Message.OrderId));
        if (halt is not null)
            await halt.At(CrashStep.BeforeCommit);
    }
}

/// <summary>The same, but leaves the saving to the outbox.</summary>
public class PayUnsavedConsumer(TestDbContext database) : IConsumer<OrderPlaced>
{
    public Task Consume(ConsumeContext<OrderPlaced> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.Message.OrderId });
        return context.Publish(new OrderPaid(context.Message.OrderId));
    }
}

/// <summary>Records what was paid.</summary>
public class RecordPaidConsumer(Journal journal) : IConsumer<OrderPaid>
{
    public Task Consume(ConsumeContext<OrderPaid> context)
    {
        journal.Add(context.Message);
        return Task.CompletedTask;
    }
}
