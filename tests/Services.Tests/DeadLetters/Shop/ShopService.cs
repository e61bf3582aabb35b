using System.Diagnostics;
using Hosting;
using MassTransit;
using Messaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Services.Tests.DeadLetters;

/// <summary>The shop's service: it has everything that the conventions give a service, and runs in the test's process or in one of its own.</summary>
internal static class ShopService
{
    public const string Project = "tests/Services.Tests";

    /// <summary>What makes this project's program be the shop.</summary>
    public const string Argument = "--shop";

    public static WebApplicationBuilder Create(Fates fates, Action<IBusRegistrationConfigurator> consumers, IReadOnlyDictionary<string, string?>? settings = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Shop", EnvironmentName = "Development" });
        builder.Configuration.AddInMemoryCollection(settings ?? new Dictionary<string, string?>());
        builder.AddServiceDefaults();
        builder.AddDatabase<ShopDbContext>();
        builder.AddMessaging<ShopDbContext>(consumers);
        builder.Services.AddSingleton(fates);
        return builder;
    }

    public static WebApplication Build(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapDeadLetters();
        return app;
    }

    /// <summary>The process of its own, with its settings in the environment. A deadly message ends it as kill -9 does.</summary>
    public static async Task<int> RunAsync()
    {
        using var self = Process.GetCurrentProcess();
        await using var app = Build(Create(new Fates { Die = self.Kill }, new ShopSettings().Consumers));
        await app.RunAsync();
        return 0;
    }
}
