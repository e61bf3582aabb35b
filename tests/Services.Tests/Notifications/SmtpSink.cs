using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Services.Tests.Notifications;

/// <summary>A mail server that keeps what it gets. It can be switched off and on, and told to refuse.</summary>
public sealed class SmtpSink : IAsyncDisposable
{
    private readonly ConcurrentQueue<Mail> _mails = new();
    private readonly ConcurrentDictionary<TcpClient, byte> _clients = new();
    private readonly int _port;
    private TcpListener _listener;
    private Task _accepting;

    public SmtpSink()
    {
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    public sealed record Mail(string Recipient, string Data)
    {
        /// <summary>The value of a header line.</summary>
        public string Header(string name) =>
            Data.Split("\r\n").First(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))[(name.Length + 2)..];
    }

    public int Port => _port;

    /// <summary>The reply to every recipient; 250 accepts.</summary>
    public string RecipientReply { get; set; } = "250 OK";

    /// <summary>Keeps mails without telling that they are accepted, as when the network dies at this moment.</summary>
    public bool IsSilentAfterData { get; set; }

    /// <summary>Mails accepted for a recipient whose text names the order.</summary>
    public IReadOnlyList<Mail> About(Guid orderId) => [.. _mails.Where(mail => mail.Data.Contains(orderId.ToString(), StringComparison.Ordinal))];

    /// <summary>Refuses connections and drops those there are.</summary>
    public async Task StopAsync()
    {
        _listener.Stop();
        foreach (var client in _clients.Keys)
            client.Close();
        await _accepting;
    }

    /// <summary>Listens again, on the same port.</summary>
    public void Start()
    {
        _listener = new TcpListener(IPAddress.Loopback, _port);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        var conversations = new List<Task>();
        while (true)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync();
                _clients[client] = 0;
                conversations.Add(ConverseAsync(client));
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(conversations);
                return;
            }
        }
    }

    private async Task ConverseAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.UTF8);
                await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
                await writer.WriteLineAsync("220 sink");
                var recipient = "";
                while (await reader.ReadLineAsync() is { } command)
                {
                    switch (command.Split(' ', ':')[0].ToUpperInvariant())
                    {
                        case "RCPT":
                            recipient = command[(command.IndexOf('<', StringComparison.Ordinal) + 1)..command.IndexOf('>', StringComparison.Ordinal)];
                            await writer.WriteLineAsync(RecipientReply);
                            break;
                        case "DATA":
                            await writer.WriteLineAsync("354 go on");
                            _mails.Enqueue(new Mail(recipient, await DataAsync(reader)));
                            if (!IsSilentAfterData)
                                await writer.WriteLineAsync("250 accepted");
                            break;
                        case "QUIT":
                            await writer.WriteLineAsync("221 bye");
                            return;
                        default:
                            await writer.WriteLineAsync("250 OK");
                            break;
                    }
                }
            }
        }
        catch (Exception dropped) when (dropped is IOException or ObjectDisposedException or SocketException)
        {
            // A conversation that ends in the middle is one without a mail.
        }
        finally
        {
            _clients.TryRemove(client, out _);
        }
    }

    private static async Task<string> DataAsync(StreamReader reader)
    {
        var data = new StringBuilder();
        while (await reader.ReadLineAsync() is { } line && line != ".")
            data.Append(line).Append("\r\n");
        return data.ToString();
    }
}
