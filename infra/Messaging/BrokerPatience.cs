using MassTransit;

namespace Messaging;

/// <summary>Lets endpoints outlast a broker that answers slowly.</summary>
public static class BrokerPatience
{
    private static readonly TimeSpan Handshake = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Waits for the broker's answers for as long as the connection lives. RabbitMQ.Client 7.1 cancels a call that takes longer than
    /// the continuation timeout (20 s unless told otherwise), and MassTransit 8.4 takes the cancellation for its own: that endpoint
    /// never consumes again, while everything else goes on. A broker that recovers its queues after a crash can be that slow.
    /// Whether it still lives is for the heartbeats to tell; when they stop, so does the connection, and that is retried.
    /// </summary>
    /// <param name="host">The broker's host.</param>
    public static void OutlastSlowBroker(this IRabbitMqHostConfigurator host)
    {
        ArgumentNullException.ThrowIfNull(host);

        host.ContinuationTimeout(Timeout.InfiniteTimeSpan);

        // MassTransit would give the handshake the same timeout, where there are no heartbeats yet. It keeps the usual one.
        host.OnRefreshConnectionFactory = factory =>
        {
            factory.HandshakeContinuationTimeout = Handshake;
            return Task.CompletedTask;
        };
    }
}
