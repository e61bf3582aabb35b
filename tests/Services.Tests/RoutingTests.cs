using Contracts;
using RealServers;
using Services.Tests.Hosting;
using Shouldly;
using Topology;
using Xunit;

namespace Services.Tests;

/// <summary>
/// The routing table against what MassTransit declares when each service starts in an empty virtual host: a message that a
/// service consumes and no route brings would never come, one that a route brings and no endpoint takes would only pile up.
/// </summary>
public sealed class RoutingTests
{
    [Theory]
    [InlineData("orders", "services/Orders")]
    [InlineData("payments", "services/Payments")]
    [InlineData("notifications", "services/Notifications")]
    public async Task What_a_service_consumes_is_what_its_routes_bring(string name, string project)
    {
        var service = Routes.Services.Single(service => service.Name == name);

        var declared = await DeclaredByAsync(service, project);

        var bound = declared.Bindings
            .Where(binding => binding.DestinationType == "exchange")
            .Select(binding => $"{binding.Source} -> {binding.Destination}");
        var routed = Routes.All
            .Where(route => route.Destination == service)
            .Select(route => $"{route.Exchange} -> {route.Endpoint}");
        bound.ShouldBe(routed, ignoreOrder: true, "left what the service consumes, right what Routes.cs brings it");
    }

    [Theory]
    [InlineData("orders", "services/Orders")]
    [InlineData("payments", "services/Payments")]
    [InlineData("notifications", "services/Notifications")]
    public async Task The_topology_declares_endpoints_as_MassTransit_does(string name, string project)
    {
        var service = Routes.Services.Single(service => service.Name == name);
        var endpoints = Routes.All.Where(route => route.Destination == service).Select(route => route.Endpoint)
            .Union(Routes.Expiries.Where(expiry => expiry.Service == service).Select(expiry => expiry.ExpiredInto));

        var declared = await DeclaredByAsync(service, project);

        declared.Queues.Select(queue => queue.Name).Where(queue => queue != Topology.Names.DeadLetters).ShouldBe(endpoints, ignoreOrder: true);
        // The same records in the same virtual host: redeclaring them changes nothing and is not refused.
        var wanted = BrokerTopology.From().Definitions.All.Select(resource => resource.Identity).ToDictionary(identity => identity);
        foreach (var resource in InVirtualHost(declared, service.Name))
            wanted.ShouldContainKey(resource.Identity);
        BrokerTopology.From().Definitions.All.Intersect(InVirtualHost(declared, service.Name)).Count()
            .ShouldBe(InVirtualHost(declared, service.Name).Count());
    }

    private static IEnumerable<Resource> InVirtualHost(Definitions declared, string name) =>
    [
        .. declared.Queues.Select(queue => queue with { Vhost = name }),
        .. declared.Exchanges.Select(exchange => exchange with { Vhost = name }),
        .. declared.Bindings.Select(binding => binding with { Vhost = name }),
    ];

    /// <summary>Starts the service where nothing is declared yet, and reads what it has declared once it is ready.</summary>
    private static async Task<Definitions> DeclaredByAsync(Service service, string project)
    {
        var servers = await Servers.GetAsync();
        await using var database = await servers.CreateDatabaseAsync(service.Name);
        await using var host = await servers.CreateVirtualHostAsync($"declares-{service.Name}");
        var settings = new Dictionary<string, string?>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Database"] = database.ConnectionString,
            ["ConnectionStrings__DatabaseOwner"] = database.OwnerConnectionString,
            ["ConnectionStrings__Broker"] = host.Uri.ToString(),
            ["Provider__BaseAddress"] = "http://localhost:9",
            ["Provider__ApiKey"] = "unused",
            ["Smtp__Host"] = "localhost",
            ["Smtp__From"] = "shop@shop.example",
            ["Smtp__Recipient"] = "{customerId}@customers.example",
        };
        var (exitCode, output, error) = await ServiceProcess.RunAsync(project, ["migrate"], settings);
        exitCode.ShouldBe(0, output + error);

        await using var process = await ServiceProcess.StartAsync(project, settings);
        await process.ReadyAsync();
        using var broker = new Topology.ManagementApi(servers.Management);
        return await broker.ReadAsync([host.Name]);
    }
}
