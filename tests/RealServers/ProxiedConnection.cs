using System.Net.Sockets;

namespace RealServers;

/// <summary>One connection through a <see cref="TcpProxy" />: its two sockets and what passes between them.</summary>
internal sealed class ProxiedConnection(TcpProxy proxy, Socket client) : IDisposable
{
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _cut = new();
    private readonly Lock _gate = new();
    private bool _ended;
    private long _remaining = long.MaxValue;

    /// <summary>Forwards both ways until both sides have ended or the connection is reset.</summary>
    public async Task RunAsync(string host, int port)
    {
        await ResetOnFailureAsync(async () =>
        {
            client.NoDelay = true;
            await _server.ConnectAsync(host, port, _cut.Token);
        });
        await Task.WhenAll(
            ResetOnFailureAsync(() => ForwardAsync(client, _server, towardsServer: true)),
            ResetOnFailureAsync(() => ForwardAsync(_server, client, towardsServer: false)));
    }

    /// <summary>Closes both sides with a reset, not with a polite end.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            _ended = true;
            _cut.Cancel();
            foreach (var socket in new[] { client, _server })
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Close();
            }
        }
    }

    /// <summary>Lets this many more bytes through towards the server, then resets.</summary>
    public void ResetAfter(int bytes) => Interlocked.Exchange(ref _remaining, bytes);

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            client.Dispose();
            _server.Dispose();
            _cut.Dispose();
        }
    }

    // What one side saw, the other is to see as well.
    private async Task ResetOnFailureAsync(Func<Task> forward)
    {
        try
        {
            await forward();
        }
        catch (Exception closed) when (closed is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Reset();
        }
    }

    private async Task ForwardAsync(Socket from, Socket to, bool towardsServer)
    {
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var count = await from.ReceiveAsync(buffer, _cut.Token);
            if (count == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return;
            }

            await proxy.PassAsync(_cut.Token);
            if (towardsServer)
            {
                var allowed = (int)Math.Clamp(Interlocked.Read(ref _remaining), 0, count);
                await SendAsync(to, buffer.AsMemory(0, allowed));
                if (allowed < count)
                    throw new OperationCanceledException("The connection is cut in the middle of what is being sent.");
                if (Interlocked.Read(ref _remaining) != long.MaxValue)
                    Interlocked.Add(ref _remaining, -count);
                continue;
            }

            await SendAsync(to, buffer.AsMemory(0, count));
        }
    }

    private async Task SendAsync(Socket to, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
            data = data[await to.SendAsync(data, _cut.Token)..];
    }
}
