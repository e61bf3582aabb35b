using Hosting;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Messaging;

/// <summary>
/// Starts the bus once the database has its schema, and stops it first when the process ends. HTTP is up meanwhile:
/// MassTransit's own hosted service would consume before the tables exist.
/// </summary>
internal sealed class BusLifetime(IBusDepot buses, DatabaseSchema schema, IOptions<BrokerOptions> broker, TimeProvider time, ILogger<BusLifetime> logger)
    : BackgroundService
{
    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WaitAsync(stoppingToken);

        var start = buses.Start(stoppingToken);
        while (await Task.WhenAny(start, Task.Delay(Reminder, time, stoppingToken)) != start)
        {
            stoppingToken.ThrowIfCancellationRequested();
            logger.LogWarning("Waiting for the broker at {Broker}", broker.Value.Address);
        }

        await start;
        logger.LogInformation("Connected to the broker at {Broker}", broker.Value.Address);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await buses.Stop(cancellationToken);
    }
}
