using System.Collections.Concurrent;

namespace Benchmarks.Flows;

/// <summary>Tells whoever placed an order that it is shipped.</summary>
sealed class OrderCompletion
{
    readonly ConcurrentDictionary<Guid, TaskCompletionSource> _orders = new();

    public Task Expect(Guid orderId)
    {
        TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders[orderId] = completion;
        return completion.Task;
    }

    public void Complete(Guid orderId)
    {
        if (_orders.TryRemove(orderId, out var completion))
            completion.SetResult();
    }
}
