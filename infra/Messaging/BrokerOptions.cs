using Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Messaging;

/// <summary>Where the service's own virtual host is, and as whom the service uses it.</summary>
public sealed class BrokerOptions
{
    internal const string Setting = "ConnectionStrings:Broker";

    /// <summary><c>amqp://user:password@host:port/vhost</c>, or <c>amqps://</c> for TLS; from <c>ConnectionStrings:Broker</c>.</summary>
    public string Uri { get; set; } = "";

    internal BrokerAddress Address => BrokerAddress.Parse(new Uri(Uri));
}

/// <summary>The parts of the broker's URI, unescaped.</summary>
internal sealed record BrokerAddress(string Host, ushort Port, string VirtualHost, string Username, string Password, bool Tls)
{
    private const ushort AmqpPort = 5672;
    private const ushort AmqpsPort = 5671;

    public static BrokerAddress Parse(Uri uri)
    {
        var credentials = uri.UserInfo.Split(':', 2);
        var tls = uri.Scheme == "amqps";
        var port = uri.IsDefaultPort || uri.Port < 0 ? (tls ? AmqpsPort : AmqpPort) : (ushort)uri.Port;
        return new BrokerAddress(
            uri.Host,
            port,
            System.Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            System.Uri.UnescapeDataString(credentials[0]),
            System.Uri.UnescapeDataString(credentials[^1]),
            tls);
    }

    public override string ToString() => $"{Host}:{Port}/{VirtualHost}";
}

internal sealed class BrokerOptionsValidator(IHostEnvironment environment) : IValidateOptions<BrokerOptions>
{
    private const string Shape = "it must look like amqp://user:password@host:5672/vhost";

    public ValidateOptionsResult Validate(string? name, BrokerOptions options) => Mistake(options.Uri) is { } mistake
        ? ValidateOptionsResult.Fail($"{BrokerOptions.Setting} {mistake}.")
        : ValidateOptionsResult.Success;

    // The value holds a password, so no message repeats it.
    private string? Mistake(string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return $"is missing: {Shape}";
        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("amqp" or "amqps"))
            return $"is not an AMQP address: {Shape}";
        if (uri.UserInfo.Split(':') is not [{ Length: > 0 }, { Length: > 0 }])
            return $"names no user and password: {Shape}";
        if (uri.AbsolutePath.Length < 2)
            return $"names no virtual host: {Shape}";
        return DevelopmentPasswords.AreRefused(environment, BrokerAddress.Parse(uri).Password)
            ? DevelopmentPasswords.WhyRefused(environment).TrimEnd('.')
            : null;
    }
}
