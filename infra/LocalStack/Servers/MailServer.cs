using System.Globalization;
using System.Net.Sockets;

namespace LocalStack;

/// <summary>An SMTP server that delivers nothing and keeps every mail in a Maildir: Debian's aiosmtpd.</summary>
/// <param name="directory">Where the mail and the log are.</param>
/// <param name="lifetime">Who ends it if nobody stops it.</param>
public sealed class MailServer(string directory, ProcessLifetime lifetime) : IAsyncDisposable
{
    // Debian's own interpreter: another one that comes first on the PATH does not see Debian's packages.
    private const string Python = "/usr/bin/python3";

    /// <summary>The SMTP port on 127.0.0.1; 0 before the first start.</summary>
    public int Port { get; private set; }

    /// <summary>The Maildir with what was received.</summary>
    public string Maildir => Path.Combine(directory, "maildir");

    /// <summary>The server's log.</summary>
    public string Log => Path.Combine(directory, "mail.log");

    /// <summary>The server while it runs.</summary>
    public ServerProcess? Process { get; private set; }

    /// <summary>Starts it, on the same port as before, and waits until it accepts connections.</summary>
    /// <param name="preferredPort">The port at the first start where it is free; any other one unless set.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task StartAsync(int? preferredPort = null, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(directory);
        var wanted = Port == 0 ? preferredPort : Port;
        using var port = wanted is { } p ? PortClaim.Prefer(p) : PortClaim.Any();
        Port = port.Port;
        Process = ServerProcess.Start(
            [Python, "-m", "aiosmtpd", "-n", "-l", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}"), "-c", "aiosmtpd.handlers.Mailbox", Maildir],
            Log,
            lifetime);
        await Readiness.WaitAsync("The mail server", Process, Log, AcceptsAsync, TimeSpan.FromSeconds(60), cancellationToken);
    }

    /// <summary>Takes over a server that another process started.</summary>
    public void Attach(ServerProcess process, int port) => (Process, Port) = (process, port);

    /// <summary>Stops it; the mail stays.</summary>
    public async Task StopAsync()
    {
        if (Process is { } server)
            await server.StopAsync(TimeSpan.FromSeconds(5));
        Process = null;
    }

    /// <inheritdoc cref="StopAsync" />
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task<bool> AcceptsAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Port, cancellationToken);
        return true;
    }
}
