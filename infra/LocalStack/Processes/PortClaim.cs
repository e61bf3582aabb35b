using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LocalStack;

/// <summary>
/// A TCP port that nobody listens on and that no other stack or test run of this user takes before its server
/// listens: dispose the claim then.
/// </summary>
public sealed class PortClaim : IDisposable
{
    private readonly FileStream _lock;

    private PortClaim(int port, FileStream @lock)
    {
        Port = port;
        _lock = @lock;
    }

    /// <summary>The port's number.</summary>
    public int Port { get; }

    /// <summary>Claims the preferred port, or any free one where that is taken.</summary>
    public static PortClaim Prefer(int port) => TryClaim(port) ?? Any();

    /// <summary>Claims any free port below the range from which the system takes ports for outgoing connections.</summary>
    public static PortClaim Any()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            // Not for secrets: the numbers only have to differ.
            if (TryClaim(Random.Shared.Next(20_000, 32_000)) is { } claim)
                return claim;
        }

        throw new StackException("There is no free TCP port between 20000 and 32000.");
    }

    /// <summary>Whether the port could be claimed just now.</summary>
    public static bool IsFree(int port)
    {
        using var claim = TryClaim(port);
        return claim is not null;
    }

    private static PortClaim? TryClaim(int port)
    {
        FileStream? claim = null;
        try
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"microservices-{Environment.UserName}-port-{port}.lock");
            claim = new FileStream(Path.Combine(Path.GetTempPath(), name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            using var probe = new TcpListener(IPAddress.Any, port);
            probe.Start();
            return new PortClaim(port, claim);
        }
        catch (Exception taken) when (taken is IOException or SocketException or UnauthorizedAccessException)
        {
            claim?.Dispose();
            return null;
        }
    }

    /// <summary>Gives the claim up; from now on the server's own listening keeps others away.</summary>
    public void Dispose()
    {
        // Deleted while it is still locked, so that nobody is left with a lock on a file that is gone.
        File.Delete(_lock.Name);
        _lock.Dispose();
    }
}
