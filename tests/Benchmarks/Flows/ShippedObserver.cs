using MassTransit;

namespace Benchmarks.Flows;

sealed record ShippedOrder(Guid OrderId);

/// <summary>An order counts as shipped when its last message has been acknowledged, which is after the commit.</summary>
sealed class ShippedObserver(OrderCompletion completion) : IReceiveObserver
{
    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context)
    {
        if (context.TryGetPayload<ShippedOrder>(out var order))
            completion.Complete(order.OrderId);
        return Task.CompletedTask;
    }

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class
    {
        Console.Error.WriteLine($"{consumerType} failed: {exception}");
        return Task.CompletedTask;
    }

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
}
