using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Hosting;

internal static class AuthenticationSetup
{
    /// <summary>Authenticates by API key. Whatever does not say otherwise asks for a known caller.</summary>
    public static void AddApiKeys(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<ApiKeyOptions>, ApiKeyOptionsValidator>();
        builder.Services.AddOptions<ApiKeyOptions>().Configure<IConfiguration>((options, configuration) =>
        {
            foreach (var key in configuration.GetSection(ApiKeyOptions.Section).Get<List<ApiKey>>() ?? [])
                options.Keys.Add(key);

            if (builder.Environment.IsDevelopment())
            {
                foreach (var key in DevelopmentKeys.All)
                    options.Keys.Add(key);
            }
        }).ValidateOnStart();

        builder.Services
            .AddAuthentication(ApiKeyAuthenticationHandler.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthenticationHandler>(ApiKeyAuthenticationHandler.SchemeName, configureOptions: null);

        builder.Services.AddAuthorizationBuilder()
            .AddPolicy(ApiRoles.Customer, policy => policy.RequireRole(ApiRoles.Customer, ApiRoles.Operator))
            .AddPolicy(ApiRoles.Operator, policy => policy.RequireRole(ApiRoles.Operator))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }
}
