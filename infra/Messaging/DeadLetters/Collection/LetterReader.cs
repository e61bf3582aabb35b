using MassTransit;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>Makes a letter of whatever the dead-letter queue holds. It never fails: there is nowhere else to put a letter.</summary>
internal static class LetterReader
{
    public static DeadLetter Read(
        IReadOnlyBasicProperties properties, string exchange, string routingKey, byte[] body, string virtualHost, DateTime now)
    {
        var headers = properties.Headers;
        var death = Death.Of(headers, exchange, routingKey);
        var envelope = Envelope.Read(body);
        var messageId = Storable(properties.MessageId) ?? envelope.MessageId;
        var isFault = death.Reason == DeathReason.Fault;

        return new DeadLetter
        {
            Id = Guid.CreateVersion7(new DateTimeOffset(now)),
            Identity = LetterIdentity.Of(messageId, death, exchange, routingKey, properties, body),
            PreviousId = Guid.TryParse(Header(TransportHeaders.ReplayOf), out var previous) ? previous : null,
            ReceivedAt = now,
            DiedAt = death.At ?? now,
            MessageId = messageId,
            ConversationId = envelope.ConversationId ?? Header("ConversationId"),
            OrderId = envelope.OrderId,
            MessageType = envelope.MessageType ?? Header(MessageHeaders.FaultMessageType),
            Reason = death.Reason,
            OriginQueue = Storable(death.Queue),
            OriginExchange = Storable(death.Exchange) ?? Death.LastSegment(envelope.DestinationAddress),
            RoutingKey = AmqpJson.Storable(death.RoutingKey),
            VirtualHost = virtualHost,
            ExceptionType = isFault ? Header(MessageHeaders.FaultExceptionType) : null,
            ExceptionMessage = isFault ? Header(MessageHeaders.FaultMessage) : null,
            StackTrace = isFault ? Header(MessageHeaders.FaultStackTrace) : null,
            Attempts = headers.Number(TransportHeaders.Attempts) + (isFault ? 0 : headers.Number("x-delivery-count")),
            Properties = AmqpProperties.Write(properties).ToJsonString(),
            Headers = AmqpJson.Write(headers).ToJsonString(),
            Body = body,
        };

        string? Header(string name) => headers is not null && headers.TryGetValue(name, out var value) ? AmqpJson.Text(value) : null;
    }

    private static string? Storable(string? text) => text is null ? null : AmqpJson.Storable(text);
}
