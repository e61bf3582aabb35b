using RealServers;
using Services.Tests.Orders;
using Shouldly;

namespace Services.Tests.Hosting;

public sealed class StopTests
{
    private static readonly Dictionary<string, string?> NothingThere = new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Database"] = "Host=127.0.0.1;Port=1;Database=orders;Username=orders;Password=secret",
        ["ConnectionStrings__Broker"] = "amqp://orders:secret@127.0.0.1:1/orders",
    };

    [Fact]
    public async Task A_service_that_still_waits_for_its_servers_stops_when_it_is_asked_to()
    {
        await using var service = await ServiceProcess.StartAsync(OrdersSystem.Project, NothingThere);
        await Eventually.TrueAsync(() => service.Log.Contains("Waiting for the database"), "the service waits");

        (await service.StopAsync()).ShouldBeTrue();

        service.Log.ShouldNotContain("Unhandled exception");
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_in_a_sentence()
    {
        await using var first = await ServiceProcess.StartAsync(OrdersSystem.Project, NothingThere);

        var (exitCode, _, error) = await ServiceProcess.RunAsync(
            OrdersSystem.Project, [], new Dictionary<string, string?>(NothingThere) { ["ASPNETCORE_URLS"] = first.BaseAddress.ToString() });

        exitCode.ShouldBe(1, error);
        error.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain("address already in use");
    }
}
