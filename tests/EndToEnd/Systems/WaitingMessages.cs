using RabbitMQ.Client;

namespace EndToEnd.Systems;

/// <summary>The messages that wait in a queue, asked of the queue itself: the management API's figures are seconds old.</summary>
internal static class WaitingMessages
{
    public static Task<uint> InAsync(Uri broker, string virtualHost, string queue) =>
        OnChannelAsync(broker, virtualHost, async channel => (await channel.QueueDeclarePassiveAsync(queue)).MessageCount);

    public static Task<uint> DropAsync(Uri broker, string virtualHost, string queue) =>
        OnChannelAsync(broker, virtualHost, channel => channel.QueuePurgeAsync(queue));

    private static async Task<uint> OnChannelAsync(Uri broker, string virtualHost, Func<IChannel, Task<uint>> ask)
    {
        var factory = new ConnectionFactory { Uri = broker, VirtualHost = virtualHost };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await ask(channel);
    }
}
