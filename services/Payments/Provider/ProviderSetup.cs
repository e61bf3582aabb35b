using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace Payments.Provider;

internal static class ProviderSetup
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <summary>Registers the client of the card provider, with the settings under <c>Provider</c>.</summary>
    public static void AddPaymentProvider(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<ProviderOptions>, ProviderOptionsValidator>();
        builder.Services.AddOptions<ProviderOptions>().BindConfiguration(ProviderOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ProviderResilience>();
        builder.Services.AddHttpClient<PaymentProvider>((services, http) =>
            {
                var options = services.GetRequiredService<IOptions<ProviderOptions>>().Value;
                http.BaseAddress = options.BaseAddress;
                http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiKey);

                // The resilience pipeline bounds every call.
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            .UseSocketsHttpHandler((handler, _) => handler.PooledConnectionLifetime = ConnectionLifetime)
            .RemoveAllLoggers();
    }
}
