#pragma warning disable CA1822
using MassTransit;

namespace Messaging;

// Lets this project build until infra/EntityFrameworkIntegration is merged, and goes away with that merge.
internal static class AwaitingOutbox
{
    internal readonly struct Settings
    {
        public void UsePostgres() { }

        public void UseBusOutbox() { }
    }

    public static void AddEntityFrameworkOutbox<TDbContext>(this IBusRegistrationConfigurator bus, Action<Settings> configure) => configure(default);

    public static void UseEntityFrameworkOutbox<TDbContext>(this IReceiveEndpointConfigurator endpoint, IRegistrationContext context) { }
}
