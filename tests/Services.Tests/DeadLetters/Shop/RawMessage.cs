using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace Services.Tests.DeadLetters;

/// <summary>Bytes such as other programs may publish.</summary>
public static class RawMessage
{
    /// <summary>A message as MassTransit writes it.</summary>
    public static byte[] Envelope(Guid messageId, string type, object message) => JsonSerializer.SerializeToUtf8Bytes(
        new { messageId, messageType = new[] { $"urn:message:{type}" }, message }, JsonSerializerOptions.Web);

    public static byte[] PackParcel(Guid messageId, Guid orderId, string fate) =>
        Envelope(messageId, "Shop:PackParcel", new { orderId, fate });

    public static void AsMassTransit(this BasicProperties properties, Guid? messageId = null)
    {
        properties.ContentType = "application/vnd.masstransit+json";
        if (messageId is { } id)
            properties.MessageId = id.ToString();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
