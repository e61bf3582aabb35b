using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging;

internal static class DeadLetterSetup
{
    /// <summary>Collects the service's dead letters into <typeparamref name="TDbContext" />, and lets operators replay them.</summary>
    public static void AddDeadLetters<TDbContext>(this IServiceCollection services)
        where TDbContext : DbContext
    {
        services.AddSingleton<BrokerConnections>();
        services.AddScoped(provider => new LetterDatabase(provider.GetRequiredService<TDbContext>()));
        services.AddScoped<LetterReplay>();
        services.AddHostedService<DeadLetterCollector>();
    }
}
