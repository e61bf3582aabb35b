using System.Globalization;

namespace RealServers;

/// <summary>A virtual host of one test; it is deleted with its user when the test disposes it.</summary>
public sealed class TestVirtualHost : IAsyncDisposable
{
    private readonly ManagementApi _management;

    internal TestVirtualHost(ManagementApi management, string host, int port, string name, string username, string password)
    {
        _management = management;
        Host = host;
        Port = port;
        Name = name;
        Username = username;
        Password = password;
    }

    /// <summary>The broker's host name.</summary>
    public string Host { get; }

    /// <summary>The broker's AMQP port.</summary>
    public int Port { get; }

    /// <summary>The virtual host's name, which needs no escaping in a URI.</summary>
    public string Name { get; }

    /// <summary>The user's name.</summary>
    public string Username { get; }

    /// <summary>The user's password.</summary>
    public string Password { get; }

    /// <summary>amqp://user:password@host:port/name.</summary>
    public Uri Uri => new(string.Create(CultureInfo.InvariantCulture, $"amqp://{Username}:{Password}@{Host}:{Port}/{Name}"));

    /// <summary>Deletes the virtual host with all that is in it, and its user.</summary>
    public async ValueTask DisposeAsync()
    {
        await _management.DeleteAsync($"vhosts/{Name}");
        await _management.DeleteAsync($"users/{Username}");
    }

    internal async Task CreateAsync(string administrator)
    {
        var everything = new { configure = ".*", write = ".*", read = ".*" };
        await _management.PutAsync($"vhosts/{Name}", new { });
        await _management.PutAsync($"users/{Username}", new { password = Password, tags = "" });
        await _management.PutAsync($"permissions/{Name}/{Username}", everything);
        await _management.PutAsync($"permissions/{Name}/{System.Uri.EscapeDataString(administrator)}", everything);
    }
}
