namespace Benchmarks.Flows;

/// <summary>
/// Three durable steps: insert an order and publish; consume, insert a payment and publish; consume and insert a shipment.
/// </summary>
interface IOrderFlow : IAsyncDisposable
{
    /// <summary>Takes an order through the three steps; completes when its shipment is committed and its last message acknowledged.</summary>
    Task PlaceOrder(Guid orderId);
}
