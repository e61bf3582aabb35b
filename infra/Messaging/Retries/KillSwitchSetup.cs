using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Messaging;

internal static class KillSwitchSetup
{
    /// <summary>Gives the endpoint a kill switch, which whoever sees its failures has to tell about them.</summary>
    public static EndpointKillSwitch? UseKillSwitch(
        this IReceiveEndpointConfigurator endpoint, string name, KillSwitchLimits? limits, IRegistrationContext context)
    {
        if (limits is null)
            return null;

        var killSwitch = new EndpointKillSwitch(
            name,
            limits,
            context.GetRequiredService<TimeProvider>(),
            context.GetRequiredService<MessagingMetrics>(),
            context.GetRequiredService<ILogger<EndpointKillSwitch>>(),
            context.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        endpoint.ConnectReceiveEndpointObserver(killSwitch);
        return killSwitch;
    }
}
