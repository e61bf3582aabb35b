using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace EntityFrameworkIntegration.Tests.Support;

/// <summary>The broker as another program sees it.</summary>
public static class RabbitMq
{
    static readonly ConcurrentDictionary<Uri, Lazy<Task<IConnection>>> Connections = new();

    /// <summary>One connection for each virtual host, until <see cref="Close" />.</summary>
    static Task<IConnection> Connect(Uri broker)
    {
        return Connections.GetOrAdd(broker, uri => new Lazy<Task<IConnection>>(() => new ConnectionFactory { Uri = uri }.CreateConnectionAsync())).Value;
    }

    public static async Task Close(Uri broker)
    {
        if (Connections.TryRemove(broker, out var connection))
            await (await connection.Value).DisposeAsync();
    }

    /// <summary>How many messages are ready in a queue; 0 if there is none.</summary>
    public static async Task<uint> Depth(Uri broker, string queue)
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync();
        try
        {
            return (await channel.QueueDeclarePassiveAsync(queue)).MessageCount;
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == 404)
        {
            return 0;
        }
    }

    /// <summary>How many consumers a queue has.</summary>
    public static async Task<uint> Consumers(Uri broker, string queue)
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync();
        return (await channel.QueueDeclarePassiveAsync(queue)).ConsumerCount;
    }

    public static async Task PublishRaw(Uri broker, string exchange, string body, string contentType)
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.BasicPublishAsync(exchange, "", true, new BasicProperties { ContentType = contentType }, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>Declares a queue on an exchange and returns the first message that arrives in it.</summary>
    public static async Task<BasicGetResult> Receive(Uri broker, string queue)
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync();
        return await RealServers.Eventually.ValueAsync(() => channel.BasicGetAsync(queue, true), $"a message in {queue}");
    }

    /// <summary>Empties a queue of messages in MassTransit's envelope, in the order in which the broker has them.</summary>
    public static async Task<IReadOnlyList<T>> ReceiveAll<T>(Uri broker, string queue)
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync();
        List<T> messages = [];
        while (await channel.BasicGetAsync(queue, true) is { } delivery)
        {
            using var envelope = JsonDocument.Parse(delivery.Body);
            messages.Add(envelope.RootElement.GetProperty("message").Deserialize<T>(JsonSerializerOptions.Web)!);
        }

        return messages;
    }

    public static async Task Declare(Uri broker, string exchange, string type, string queue, string routingKey = "")
    {
        var connection = await Connect(broker);
        await using var channel = await connection.CreateChannelAsync();
        await channel.ExchangeDeclareAsync(exchange, type, durable: true);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(queue, exchange, routingKey);
    }
}

/// <summary>The exchange that MassTransit publishes a message type to.</summary>
public static class MessageExchange
{
    public static string Of<T>() => $"{typeof(T).Namespace}:{typeof(T).Name}";
}
