using MassTransit;
using MassTransit.Middleware;
using MassTransit.Topology;
using MassTransit.Transports;

namespace Messaging;

/// <summary>One queue per virtual host takes everything that could not be processed, whatever endpoint it came from.</summary>
internal static class DeadLetterQueue
{
    public const string Name = "dead-letters";

    /// <summary>What the reason of a skipped message begins with; the name of its endpoint's queue follows.</summary>
    public const string SkippedReason = "skipped:";

    private const int LongestMessage = 4 * 1024;
    private const int LongestStackTrace = 16 * 1024;
    private const int RoomForReason = 2 * 1024;

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

    /// <summary>What the endpoint cannot process goes to the dead letters, and tells there where it came from and why.</summary>
    public static void MoveToDeadLetters(this IReceiveEndpointConfigurator endpoint, string queueName)
    {
        // A skipped message carries nothing else that tells its endpoint.
        endpoint.ConfigureDeadLetter(pipe => pipe.UseExecuteAsync(context =>
            context.GetPayload<IDeadLetterTransport>().Send(new MovedDelivery(context, RoomForReason), $"{SkippedReason}{queueName}")));

        endpoint.ConfigureError(pipe =>
        {
            pipe.UseFilter(new GenerateFaultFilter());
            pipe.UseExecuteAsync(MoveFaultAsync);
        });
    }

    private static Task MoveFaultAsync(ExceptionReceiveContext context)
    {
        var headers = context.ExceptionHeaders;
        headers.Set(MessageHeaders.FaultMessage, HeaderBudget.Cut(context.Exception.GetBaseException().Message, LongestMessage));
        if (context.Exception.GetBaseException().StackTrace is { } stack)
            headers.Set(MessageHeaders.FaultStackTrace, HeaderBudget.Cut(stack, LongestStackTrace));
        headers.Set(TransportHeaders.Attempts, Attempts(context), overwrite: true);

        var room = RoomForReason + headers.GetAll().Sum(header => HeaderBudget.SizeOf(header.Value));
        return context.GetPayload<IErrorTransport>().Send(new MovedFault(context, room));
    }

    // What could not be read was never given to a consumer.
    private static int Attempts(ExceptionReceiveContext context) =>
        context.GetPayload<RabbitMqBasicConsumeContext>().Properties.Headers.Number(TransportHeaders.Attempts)
        + (context.TryGetPayload<ConsumeAttempts>(out var latest) ? latest.Count : 0);

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
