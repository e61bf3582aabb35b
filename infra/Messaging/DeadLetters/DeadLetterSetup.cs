using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging;

internal static class DeadLetterSetup
{
    /// <summary>Collects the service's dead letters into <typeparamref name="TDbContext" />, lets operators replay them, and in time removes what is closed.</summary>
    public static void AddDeadLetters<TDbContext>(this IServiceCollection services)
        where TDbContext : DbContext
    {
        services.AddSingleton<BrokerConnections>();
        services.AddScoped(provider => new LetterDatabase(provider.GetRequiredService<TDbContext>()));
        services.AddScoped<LetterReplay>();
        services.AddHostedService<DeadLetterCollector>();
        services.AddOptions<DeadLetterOptions>()
            .BindConfiguration(DeadLetterOptions.Section)
            .Validate(DeadLetterOptions.IsValid, $"{DeadLetterOptions.Section}:{nameof(DeadLetterOptions.Retention)} must lie between 1 second and 3650 days.")
            .ValidateOnStart();
        services.AddHostedService<LetterRetention>();
    }
}
