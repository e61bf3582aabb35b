using System.Net;
using RealServers;
using Services.Tests.Orders;
using Shouldly;

namespace Services.Tests.Hosting;

/// <summary>A service that is started before anything it needs.</summary>
public sealed class WaitingTests(WaitingTests.StartedFirst orders) : IClassFixture<WaitingTests.StartedFirst>
{
    [Fact]
    public async Task A_service_started_first_waits_says_for_what_and_gets_going_by_itself()
    {
        orders.DatabaseNetwork.Cut();
        orders.BrokerNetwork.Cut();
        await orders.LaunchAsync();
        using var anyone = orders.Service.Client(key: null);

        // No database: alive, not ready, and honest about it.
        await LogsAsync("Waiting for the database");
        (await anyone.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await anyone.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await HealthVerbAsync("live")).ShouldBe(0);
        (await HealthVerbAsync("ready")).ShouldBe(1);
        await PlacingIs503Async();

        // A database without tables is not enough.
        orders.DatabaseNetwork.Restore();
        await LogsAsync("migrations have not run yet");
        await PlacingIs503Async();

        // With the schema orders are taken, although the broker is not there: they wait in the outbox.
        await orders.MigrateAsync();
        await Eventually.TrueAsync(async () =>
        {
            using var response = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), "first");
            return response.StatusCode == HttpStatusCode.Accepted;
        }, "an order is taken once the schema is there");
        (await anyone.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await LogsAsync("Waiting for the broker");

        orders.BrokerNetwork.Restore();
        await orders.Service.ReadyAsync();
        (await HealthVerbAsync("ready")).ShouldBe(0);
        await orders.Payments.AskedToAsync("authorize-payment", await OnlyOrderAsync());
    }

    private async Task PlacingIs503Async()
    {
        using var response = await OrdersSystem.PostAsync(orders.Ada, OrdersSystem.Body(), "first");
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    private Task LogsAsync(string line) => Eventually.TrueAsync(() => orders.Service.Log.Contains(line), $"the log says: {line}");

    private async Task<int> HealthVerbAsync(string probe)
    {
        var settings = new Dictionary<string, string?>(orders.Settings) { ["ASPNETCORE_URLS"] = orders.Service.BaseAddress.ToString() };
        return (await ServiceProcess.RunAsync(OrdersSystem.Project, ["--health", probe], settings)).ExitCode;
    }

    private async Task<Guid> OnlyOrderAsync()
    {
        await using var command = orders.Database.CreateCommand("SELECT id FROM orders");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Nothing is migrated and nothing started: the test does it in its own order.</summary>
    public sealed class StartedFirst : OrdersSystem
    {
        protected override Task OpenAsync() => Task.CompletedTask;
    }
}
