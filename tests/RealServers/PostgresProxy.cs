using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace RealServers;

/// <summary>
/// A proxy that understands just enough of PostgreSQL's protocol to count round trips and to lose the reply to a statement that the server
/// has carried out. A round trip begins when the client speaks after the server has answered; what it sends in one go, a BEGIN before
/// the first statement for example, is one.
/// </summary>
public sealed class PostgresProxy : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stopping = new();
    readonly string _host;
    readonly int _port;
    readonly Task _accepting;
    int _roundTrips;
    byte[]? _unanswered;
    int _losesReply;

    /// <summary>Starts a proxy in front of the server that the connection string names.</summary>
    public PostgresProxy(string connectionString)
    {
        NpgsqlConnectionStringBuilder builder = new(connectionString);
        _host = builder.Host!;
        _port = builder.Port;
        _listener.Start();
        builder.Host = "127.0.0.1";
        builder.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        builder.SslMode = SslMode.Disable;
        builder.GssEncryptionMode = GssEncryptionMode.Disable;
        ConnectionString = builder.ConnectionString;
        _accepting = Accept();
    }

    /// <summary>Leads through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>How many round trips there have been, on all connections.</summary>
    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>Whether <see cref="LoseNextReplyTo" /> has happened.</summary>
    public bool HasLostReply => Volatile.Read(ref _losesReply) == 2;

    /// <summary>The next statement with this text is carried out, but the client's connection breaks instead of telling so.</summary>
    public void LoseNextReplyTo(string statement)
    {
        _unanswered = Encoding.UTF8.GetBytes(statement);
        Volatile.Write(ref _losesReply, 1);
    }

    /// <summary>Stops listening and ends every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    async Task Accept()
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(Serve(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    async Task Serve(TcpClient client)
    {
        using (client)
        using (TcpClient server = new() { NoDelay = true })
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_host, _port, _stopping.Token);
                Connection connection = new();
                await Task.WhenAny(
                    ToServer(client.GetStream(), server.GetStream(), connection),
                    ToClient(server.GetStream(), client.GetStream(), connection));
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException)
            {
                // The connection ends with either side, or with the proxy.
            }
        }
    }

    async Task ToServer(NetworkStream client, NetworkStream server, Connection connection)
    {
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await client.ReadAsync(buffer, _stopping.Token)) > 0)
        {
            var data = buffer.AsMemory(0, count);
            if (connection.Answered)
            {
                connection.Answered = false;
                Interlocked.Increment(ref _roundTrips);
            }

            if (Volatile.Read(ref _losesReply) == 1 && data.Span.IndexOf(_unanswered) >= 0 && Interlocked.CompareExchange(ref _losesReply, 2, 1) == 1)
                connection.LosesReply = true;
            await server.WriteAsync(data, _stopping.Token);
        }
    }

    async Task ToClient(NetworkStream server, NetworkStream client, Connection connection)
    {
        var header = new byte[5];
        while (true)
        {
            await server.ReadExactlyAsync(header, _stopping.Token);
            var message = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) + 1];
            header.CopyTo(message, 0);
            await server.ReadExactlyAsync(message.AsMemory(5), _stopping.Token);

            if (header[0] == 'Z')
            {
                connection.Answered = true;
                // By now the server has carried it out.
                if (connection.LosesReply)
                    throw new IOException("The reply is lost.");
            }

            if (!connection.LosesReply)
                await client.WriteAsync(message, _stopping.Token);
        }
    }

    sealed class Connection
    {
        public volatile bool LosesReply;
        public volatile bool Answered;
    }
}
