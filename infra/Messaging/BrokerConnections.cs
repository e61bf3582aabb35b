using System.Net.Security;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>
/// Connections of the dead letters' own, beside MassTransit's. They do not recover by themselves: whoever uses one knows best
/// what has to be done again.
/// </summary>
internal sealed class BrokerConnections(IOptions<BrokerOptions> options, IHostEnvironment environment)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public string VirtualHost => options.Value.Address.VirtualHost;

    /// <summary>Connects to the service's own virtual host.</summary>
    /// <param name="purpose">What for, as the broker's management page shows it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<IConnection> ConnectAsync(string purpose, CancellationToken cancellationToken)
    {
        var address = options.Value.Address;
        var factory = new ConnectionFactory
        {
            HostName = address.Host,
            Port = address.Port,
            VirtualHost = address.VirtualHost,
            UserName = address.Username,
            Password = address.Password,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedConnectionTimeout = Patience,
            ContinuationTimeout = Patience,
            ClientProvidedName = $"{environment.ApplicationName.ToLowerInvariant()}-{purpose}",
            Ssl = new SslOption { Enabled = address.Tls, ServerName = address.Host, AcceptablePolicyErrors = SslPolicyErrors.None },
        };
        return factory.CreateConnectionAsync(cancellationToken);
    }
}
