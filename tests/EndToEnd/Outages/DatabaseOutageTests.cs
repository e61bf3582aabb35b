using System.Net;
using EndToEnd.Systems;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.Outages;

public sealed class DatabaseOutageTests(ShopSystem system) : SystemTest(system)
{
    [Fact]
    public async Task Without_its_database_a_service_says_when_to_come_back_and_recovers_by_itself()
    {
        var earlier = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        await Stack.Postgres.KillAsync();

        using (var refused = await System.Ada.PostOrderAsync("ada", "tok_approve", cancellationToken: Cancelled))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            refused.Headers.RetryAfter.ShouldNotBeNull();
            refused.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        }

        await Stack.Postgres.StartAsync(Cancelled);
        await ReachesAsync(earlier.Id, "Completed");
        var later = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        await ReachesAsync(later.Id, "Completed");
    }

    [Fact]
    public async Task Under_load_a_database_that_crashes_and_recovers_costs_no_order()
    {
        await using var load = Load.Start(System.Ada);
        await load.AcceptsAsync(10);

        await Stack.Postgres.KillAsync();
        await Stack.Postgres.StartAsync(Cancelled);

        await load.AcceptsAsync(10);
        await AllReachAsync(await load.StopAsync(), "Completed");
    }
}
