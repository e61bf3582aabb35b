using System.Text.Json;
using Contracts;
using MassTransit;
using RabbitMQ.Client;

namespace Services.Tests.Messaging;

/// <summary>Messages as they look on the broker, for tests that stand where a service stands.</summary>
public static class Wire
{
    /// <summary>A channel that knows of every message whether the broker has taken it.</summary>
    public static Task<IChannel> ConfirmedChannelAsync(this IConnection connection) => connection.CreateChannelAsync(
        new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));

    /// <summary>Publishes to the message type's exchange, as a service would.</summary>
    /// <param name="messageId">To publish the same message again; new unless given.</param>
    /// <param name="exchange">Another exchange than the message type's own.</param>
    /// <param name="headers">The broker's headers.</param>
    public static async Task PublishMessageAsync<T>(
        this IChannel channel, T message, Guid? messageId = null, string? exchange = null, IDictionary<string, object?>? headers = null)
        where T : class
    {
        var id = messageId ?? Guid.NewGuid();
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new { messageId = id, messageType = new[] { MessageUrn.ForTypeString<T>() }, message }, JsonSerializerOptions.Web);
        var properties = new BasicProperties { ContentType = "application/vnd.masstransit+json", MessageId = id.ToString(), Persistent = true, Headers = headers };
        await channel.BasicPublishAsync(exchange ?? ExchangeOf<T>(), routingKey: "", mandatory: true, properties, body);
    }

    /// <summary>The exchange of a message type, by the routing table.</summary>
    public static string ExchangeOf<T>() => Routes.All.First(route => route.Message == typeof(T)).Exchange;
}
