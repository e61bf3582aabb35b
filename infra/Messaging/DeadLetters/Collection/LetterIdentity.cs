using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>
/// What makes two letters the same: the message, where and why it died, and which of its lives that was. A letter that is
/// delivered again because its acknowledgement was lost is thereby recognized. Without a message id only equal bytes tell.
/// </summary>
internal static class LetterIdentity
{
    public static byte[] Of(string? messageId, Death death, string exchange, string routingKey, IReadOnlyBasicProperties properties, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(death.Reason);
        Add(death.Queue ?? "");
        Add(death.Exchange ?? "");

        if (messageId is not null)
        {
            Add(messageId);
            Add(properties.Headers is { } headers && headers.TryGetValue(TransportHeaders.ReplayOf, out var life) ? AmqpJson.Text(life) ?? "" : "");
            return hash.GetHashAndReset();
        }

        Add(exchange);
        Add(routingKey);
        Add(AmqpProperties.Write(properties).ToJsonString());
        Add(AmqpJson.Write(properties.Headers).ToJsonString());
        hash.AppendData(body);
        return hash.GetHashAndReset();

        // Each part with its length, so that no two lists of parts look alike.
        void Add(string part)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }
    }
}
