using System.Net;
using System.Net.Sockets;

namespace RealServers;

/// <summary>
/// A TCP proxy on 127.0.0.1 through which a test puts a server behind a bad network: connections can be cut, refused,
/// cut in the middle of a frame, stalled without being closed, and delayed.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly HashSet<ProxiedConnection> _connections = [];
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private TaskCompletionSource _flow = Completed();
    private bool _refusing;

    private TcpProxy(string host, int port)
    {
        _host = host;
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The port to connect to instead of the server's own.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How long each piece of data is held back in each direction; none unless set.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The connections open at this moment.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
                return _connections.Count;
        }
    }

    /// <summary>Starts a proxy in front of a server.</summary>
    public static TcpProxy To(string host, int port) => new(host, port);

    /// <summary>Resets every connection and refuses new ones until <see cref="Restore" />.</summary>
    public void Cut()
    {
        lock (_gate)
            _refusing = true;
        CutConnections();
    }

    /// <summary>Resets every connection; new ones are accepted.</summary>
    public void CutConnections()
    {
        foreach (var connection in Snapshot())
            connection.Reset();
    }

    /// <summary>Lets this many more bytes through towards the server on each open connection, then resets it.</summary>
    public void CutAfter(int bytes)
    {
        foreach (var connection in Snapshot())
            connection.ResetAfter(bytes);
    }

    /// <summary>Forwards nothing more in either direction and leaves the connections open, as a dead link does.</summary>
    public void Stall()
    {
        lock (_gate)
        {
            if (_flow.Task.IsCompleted)
                _flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Ends what <see cref="Cut" /> and <see cref="Stall" /> began; stalled data arrives.</summary>
    public void Restore()
    {
        lock (_gate)
        {
            _refusing = false;
            _flow.TrySetResult();
        }
    }

    /// <summary>Resets every connection and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        CutConnections();
        await _accepting;
        _listener.Stop();
        _stopping.Dispose();
    }

    internal async Task PassAsync(CancellationToken cancellationToken)
    {
        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, cancellationToken);

        Task flow;
        lock (_gate)
            flow = _flow.Task;
        await flow.WaitAsync(cancellationToken);
    }

    private static TaskCompletionSource Completed()
    {
        var completed = new TaskCompletionSource();
        completed.SetResult();
        return completed;
    }

    private ProxiedConnection[] Snapshot()
    {
        lock (_gate)
            return [.. _connections];
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                served.RemoveAll(task => task.IsCompleted);
                served.Add(ServeAsync(client));
            }
        }
        catch (Exception stopped) when (_stopping.IsCancellationRequested && stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var connection = new ProxiedConnection(this, client);
        lock (_gate)
        {
            if (_refusing || _stopping.IsCancellationRequested)
            {
                connection.Reset();
                return;
            }

            _connections.Add(connection);
        }

        try
        {
            await connection.RunAsync(_host, _port);
        }
        finally
        {
            lock (_gate)
                _connections.Remove(connection);
        }
    }
}
