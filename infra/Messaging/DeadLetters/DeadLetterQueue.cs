using MassTransit;
using MassTransit.Topology;
using MassTransit.Transports;

namespace Messaging;

/// <summary>One queue per virtual host takes everything that could not be processed, whatever endpoint it came from.</summary>
internal static class DeadLetterQueue
{
    public const string Name = "dead-letters";

    // What an endpoint's queue may have and the shared queue must not: each endpoint declares it, and all must declare it alike.
    private static readonly string[] EndpointsOwnArguments =
        ["x-single-active-consumer", "x-expires", "x-max-priority", "x-message-ttl"];

    /// <summary>Sends faulted and skipped messages of every endpoint to <see cref="Name" />.</summary>
    public static void UseDeadLetterQueue(this IRabbitMqBusFactoryConfigurator bus)
    {
        var topology = bus.SendTopology;
        topology.ErrorQueueNameFormatter = OneForAll.Instance;
        topology.DeadLetterQueueNameFormatter = OneForAll.Instance;
        topology.ConfigureErrorSettings = Declare;
        topology.ConfigureDeadLetterSettings = Declare;
    }

    /// <summary>A skipped message carries nothing that tells where it came from, so its reason says it.</summary>
    public static void TellOriginOfSkippedMessages(this IReceiveEndpointConfigurator endpoint, string queueName) =>
        endpoint.ConfigureDeadLetter(pipe => pipe.UseExecuteAsync(context =>
            context.GetPayload<IDeadLetterTransport>().Send(context, $"skipped:{queueName}")));

    private static void Declare(IRabbitMqQueueBindingConfigurator queue)
    {
        queue.ExchangeType = "fanout";
        queue.Durable = true;
        queue.AutoDelete = false;
        queue.SetQuorumQueue();
        foreach (var argument in EndpointsOwnArguments)
            queue.SetQueueArgument(argument, value: null);
    }

    private sealed class OneForAll : IErrorQueueNameFormatter, IDeadLetterQueueNameFormatter
    {
        public static readonly OneForAll Instance = new();

        public string FormatErrorQueueName(string queueName) => Name;

        public string FormatDeadLetterQueueName(string queueName) => Name;
    }
}
