using MassTransit;
using RabbitMQ.Client.Exceptions;

namespace Messaging;

/// <summary>Lets a connection that broke while messages were being consumed be replaced.</summary>
public static class ConnectionReplacement
{
    /// <summary>Keeps a delivery that ends on a dead channel from stopping the shutdown of its connection.</summary>
    /// <param name="rabbit">The bus.</param>
    public static void ReplaceBrokenConnections(this IRabbitMqBusFactoryConfigurator rabbit)
    {
        ArgumentNullException.ThrowIfNull(rabbit);

        rabbit.ConnectReceiveObserver(new BrokenChannelObserver());
    }
}

/// <summary>
/// When a message cannot be acknowledged because its channel is gone, MassTransit 8.4 closes the channel once more, from inside the
/// delivery, and RabbitMQ.Client 7.1 answers that by waiting until every delivery of the channel has ended: each waits for the other. The
/// shutdown of the connection stops there, whoever comes after that channel never learns of it, and from time to time nobody ever
/// connects again. MassTransit closes only on this exception, so it is told another one. Nothing is lost: the broker delivers what
/// was not acknowledged again.
/// </summary>
internal sealed class BrokenChannelObserver : IReceiveObserver
{
    public Task ReceiveFault(ReceiveContext context, Exception exception)
    {
        return exception is OperationInterruptedException or EndOfStreamException
            ? Task.FromException(new TransportUnavailableException("The channel was closed before the message could be acknowledged.", exception))
            : Task.CompletedTask;
    }

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class
    {
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class
    {
        return Task.CompletedTask;
    }
}
