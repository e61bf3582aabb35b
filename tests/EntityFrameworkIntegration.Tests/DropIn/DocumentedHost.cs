using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EntityFrameworkIntegration.Tests.DropIn;

/// <summary>A host with MassTransit and nothing else that the documentation does not mention.</summary>
static class DocumentedHost
{
    public static Task<IHost> StartAsync(Uri broker, Action<IServiceCollection> services, Action<IBusRegistrationConfigurator> configure)
    {
        // MassTransit keeps its logging in the caller's flow, where it would outlive the host and reach the next one of the same test.
        using (ExecutionContext.SuppressFlow())
            return Task.Run(() => Start(broker, services, configure));
    }

    static async Task<IHost> Start(Uri broker, Action<IServiceCollection> services, Action<IBusRegistrationConfigurator> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        services(builder.Services);
        builder.Services.Configure<MassTransitHostOptions>(x => x.WaitUntilStarted = true);
        builder.Services.AddMassTransit(bus =>
        {
            bus.SetKebabCaseEndpointNameFormatter();
            configure(bus);
            bus.UsingRabbitMq((context, rabbit) =>
            {
                rabbit.Host(broker);
                rabbit.ConfigureEndpoints(context);
            });
        });

        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
