using System.Text.Json.Nodes;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>A message's properties, except its headers, as JSON and back.</summary>
internal static class AmqpProperties
{
    public static JsonObject Write(IReadOnlyBasicProperties properties)
    {
        var json = new JsonObject();
        Add("contentType", properties.ContentType);
        Add("contentEncoding", properties.ContentEncoding);
        Add("correlationId", properties.CorrelationId);
        Add("replyTo", properties.ReplyTo);
        Add("expiration", properties.Expiration);
        Add("messageId", properties.MessageId);
        Add("type", properties.Type);
        Add("userId", properties.UserId);
        Add("appId", properties.AppId);
        if (properties.IsPriorityPresent())
            json["priority"] = properties.Priority;
        if (properties.IsTimestampPresent())
            json["timestamp"] = properties.Timestamp.UnixTime;
        return json;

        void Add(string name, string? value)
        {
            if (value is not null)
                json[name] = AmqpJson.Storable(value);
        }
    }

    /// <summary>
    /// The properties to send the message with again. It must not expire a second time, and the broker refuses a user id that
    /// is not the sender's own.
    /// </summary>
    public static BasicProperties ForReplay(JsonObject json)
    {
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent };
        if (Text("contentType") is { } contentType)
            properties.ContentType = contentType;
        if (Text("contentEncoding") is { } contentEncoding)
            properties.ContentEncoding = contentEncoding;
        if (Text("correlationId") is { } correlationId)
            properties.CorrelationId = correlationId;
        if (Text("replyTo") is { } replyTo)
            properties.ReplyTo = replyTo;
        if (Text("messageId") is { } messageId)
            properties.MessageId = messageId;
        if (Text("type") is { } type)
            properties.Type = type;
        if (Text("appId") is { } appId)
            properties.AppId = appId;
        if (json["priority"] is { } priority)
            properties.Priority = priority.GetValue<byte>();
        if (json["timestamp"] is { } timestamp)
            properties.Timestamp = new AmqpTimestamp(timestamp.GetValue<long>());
        return properties;

        string? Text(string name) => json[name]?.GetValue<string>();
    }
}
