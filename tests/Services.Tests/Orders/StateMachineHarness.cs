using System.Collections.Concurrent;
using Contracts.Orders;
using MassTransit;
using MassTransit.Saga;
using MassTransit.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orders.Lifecycle;

namespace Services.Tests.Orders;

/// <summary>The state machine by itself: no broker, no database, only events in and messages out.</summary>
public sealed class StateMachineHarness : IAsyncLifetime, IPublishObserver, ISendObserver, IConsumeObserver
{
    private readonly ConcurrentQueue<object> _sent = new();
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _consumed = new();
    private readonly ServiceProvider _services;

    public StateMachineHarness() => _services = new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddLogging()
        .AddMassTransitTestHarness(bus => bus.AddSagaStateMachine<OrderStateMachine, OrderState>().InMemoryRepository())
        .BuildServiceProvider(validateScopes: true);

    private ITestHarness Bus => _services.GetRequiredService<ITestHarness>();

    public OrderStateMachine Machine => _services.GetRequiredService<OrderStateMachine>();

    /// <summary>Stores a new order, as POST /orders does.</summary>
    public async Task<OrderState> NewOrderAsync()
    {
        var order = OrderState.Submit(
            Guid.CreateVersion7(), "ada", "EUR", [new OrderLine("coffee-1kg", 2, 1250)], "tok_approve", DateTimeOffset.UtcNow);

        var stored = _services.GetRequiredService<IndexedSagaDictionary<OrderState>>();
        await stored.MarkInUse(CancellationToken.None);
        stored.Add(new SagaInstance<OrderState>(order));
        stored.Release();
        return order;
    }

    /// <summary>Lets the events happen to the order, one after the other, and tells what was sent after the last.</summary>
    public async Task<IReadOnlyList<object>> HappenAsync(params IEnumerable<object> events)
    {
        foreach (var next in events)
        {
            _sent.Clear();
            var id = NewId.NextGuid();
            var consumed = _consumed.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            await Bus.Bus.Publish(next, next.GetType(), context => context.MessageId = id);
            await consumed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }

        // What the test itself published is not what the machine sent.
        return [.. _sent.Except(events)];
    }

    public async ValueTask InitializeAsync()
    {
        await Bus.Start();
        Bus.Bus.ConnectPublishObserver(this);
        Bus.Bus.ConnectSendObserver(this);
        Bus.Bus.ConnectConsumeObserver(this);
    }

    public async ValueTask DisposeAsync() => await _services.DisposeAsync();

    Task IPublishObserver.PostPublish<T>(PublishContext<T> context) => Sent(context.Message);

    Task ISendObserver.PostSend<T>(SendContext<T> context) => Sent(context.Message);

    Task IConsumeObserver.PostConsume<T>(ConsumeContext<T> context)
    {
        if (_consumed.TryGetValue(context.MessageId!.Value, out var consumed))
            consumed.TrySetResult();
        return Task.CompletedTask;
    }

    Task IConsumeObserver.ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
    {
        if (_consumed.TryGetValue(context.MessageId!.Value, out var consumed))
            consumed.TrySetException(exception);
        return Task.CompletedTask;
    }

    Task IConsumeObserver.PreConsume<T>(ConsumeContext<T> context) => Task.CompletedTask;

    Task IPublishObserver.PrePublish<T>(PublishContext<T> context) => Task.CompletedTask;

    Task IPublishObserver.PublishFault<T>(PublishContext<T> context, Exception exception) => Task.CompletedTask;

    Task ISendObserver.PreSend<T>(SendContext<T> context) => Task.CompletedTask;

    Task ISendObserver.SendFault<T>(SendContext<T> context, Exception exception) => Task.CompletedTask;

    private Task Sent(object message)
    {
        _sent.Enqueue(message);
        return Task.CompletedTask;
    }
}
