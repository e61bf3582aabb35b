using System.Net.Mime;
using MassTransit.Context;
using MassTransit.Serialization;
using MassTransit.Transports;

namespace MassTransit.EntityFrameworkCoreIntegration.Capture;

/// <summary>
/// A message as the application's send pipeline left it, serialized once: the same bytes go into the row and onto the wire.
/// </summary>
sealed class OutgoingMessage
{
    /// <summary>The key of the message's row.</summary>
    public required Guid Id { get; init; }

    public required Guid MessageId { get; init; }
    public required Uri DestinationAddress { get; init; }
    public required ContentType ContentType { get; init; }
    public required byte[] Body { get; init; }
    public required DateTime SentTime { get; init; }
    public required IReadOnlyList<KeyValuePair<string, object>> Headers { get; init; }
    public required IReadOnlyDictionary<string, object> Properties { get; init; }

    /// <summary>The endpoint that captured the message; null if it was read from its row.</summary>
    public ITransportSendEndpoint? Endpoint { get; init; }

    /// <summary>The type it was published as, if publishing it declares more than one exchange; its endpoint declares them.</summary>
    public string? PublishedType { get; init; }

    public Guid? RequestId { get; init; }
    public Guid? CorrelationId { get; init; }
    public Guid? ConversationId { get; init; }
    public Guid? InitiatorId { get; init; }
    public Uri? SourceAddress { get; init; }
    public Uri? ResponseAddress { get; init; }
    public Uri? FaultAddress { get; init; }
    public string[]? MessageTypes { get; init; }
    public DateTime? ExpirationTime { get; init; }

    /// <summary>For a scheduled message, when it is to be sent.</summary>
    public DateTime? EnqueueTime { get; init; }

    /// <summary>How many attempts to send it have failed.</summary>
    public int Attempts { get; init; }

    public static OutgoingMessage Capture<T>(SendContext<T> context, ITransportSendEndpoint endpoint, bool published, DateTime utcNow)
        where T : class
    {
        var messageId = context.MessageId
            ?? throw new MessageException(typeof(T), "A message needs a MessageId to pass through the outbox.");
        var destination = context.DestinationAddress
            ?? throw new MessageException(typeof(T), "A message needs a DestinationAddress to pass through the outbox.");

        // First the body: some serializers add headers while they write it.
        var body = context.Serializer.GetMessageBody(context).GetBytes();

        Dictionary<string, object> properties = new(StringComparer.OrdinalIgnoreCase);
        if (context is TransportSendContext transport)
        {
            transport.WritePropertiesTo(properties);
            // The outbox itself holds a delayed message back, and the endpoint already stands for its exchange.
            properties.Remove("Delay");
            properties.Remove("Exchange");
        }

        return new OutgoingMessage
        {
            Id = NewId.NextSequentialGuid(),
            MessageId = messageId,
            DestinationAddress = destination,
            ContentType = context.ContentType ?? context.Serializer.ContentType,
            Body = body,
            SentTime = context.SentTime ?? utcNow,
            Headers = [.. context.Headers.GetAll()],
            Properties = properties,
            Endpoint = endpoint,
            PublishedType = published && MessageTypeCache<T>.MessageTypeNames.Length > 1
                ? $"{typeof(T).FullName}, {typeof(T).Assembly.GetName().Name}"
                : null,
            RequestId = context.RequestId,
            CorrelationId = context.CorrelationId,
            ConversationId = context.ConversationId,
            InitiatorId = context.InitiatorId,
            SourceAddress = context.SourceAddress,
            ResponseAddress = context.ResponseAddress,
            FaultAddress = context.FaultAddress,
            MessageTypes = context.SupportedMessageTypes,
            ExpirationTime = utcNow + context.TimeToLive,
            EnqueueTime = context.Delay > TimeSpan.Zero ? utcNow + context.Delay : null,
        };
    }

    /// <summary>
    /// Sends the message through <paramref name="endpoint" /> and returns once the broker has confirmed it. Ends with the first attempt
    /// of the transport that fails, or when the time is over.
    /// </summary>
    public async Task Send(ITransportSendEndpoint endpoint, TimeProvider time, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using SendAttempt attempt = new(timeout, time, cancellationToken);
        var sending = endpoint.Send(Placeholder, new SendPipe(this, attempt, time), attempt.Ended);
        try
        {
            // Not every wait inside the transport heeds the token: a send that has met a dying channel may never return at all.
            await sending.WaitAsync(attempt.Ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException cancelled)
        {
            _ = sending.ContinueWith(static x => x.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            cancellationToken.ThrowIfCancellationRequested();
            attempt.ThrowFault();
            throw new TimeoutException($"The broker did not confirm the message within {timeout}.", cancelled);
        }
    }

    static readonly SerializedMessageBody Placeholder = new();

    /// <summary>Makes the transport's new send context what the captured one was.</summary>
    sealed class SendPipe(OutgoingMessage message, SendAttempt attempt, TimeProvider time) : IPipe<SendContext<SerializedMessageBody>>
    {
        public Task Send(SendContext<SerializedMessageBody> context)
        {
            context.GetOrAddPayload(() => attempt);
            context.MessageId = message.MessageId;
            context.RequestId = message.RequestId;
            context.CorrelationId = message.CorrelationId;
            context.ConversationId = message.ConversationId;
            context.InitiatorId = message.InitiatorId;
            context.SourceAddress = message.SourceAddress;
            context.ResponseAddress = message.ResponseAddress;
            context.FaultAddress = message.FaultAddress;
            if (message.MessageTypes is not null)
                context.SupportedMessageTypes = message.MessageTypes;

            if (message.ExpirationTime is { } expiration)
                context.TimeToLive = expiration - time.GetUtcNow().UtcDateTime;

            foreach (var (key, value) in message.Headers)
                context.Headers.Set(key, value);

            if (context is TransportSendContext transport)
                transport.ReadPropertiesFrom(message.Properties);

            context.Serializer = new CopyBodySerializer(message.ContentType, new BytesMessageBody(message.Body));

            return Task.CompletedTask;
        }

        public void Probe(ProbeContext context)
        {
            context.CreateFilterScope("outboxSend");
        }
    }
}
