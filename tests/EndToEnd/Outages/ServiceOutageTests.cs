using System.Globalization;
using System.Net;
using Contracts;
using EndToEnd.Systems;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.Outages;

public sealed class ServiceOutageTests(ShopSystem system) : SystemTest(system)
{
    [Fact]
    public async Task An_order_from_before_notifications_was_ever_started_is_mailed()
    {
        // Perhaps twice, if a test has killed Notifications in that moment; then under the same Message-ID.
        (await MailAsync(System.EarlyOrder)).Select(mail => mail.Id).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Orders_placed_while_payments_is_away_complete_when_it_is_back()
    {
        await Stack[Routes.Payments].StopAsync();
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => System.Ada.PlaceAsync("ada", cancellationToken: Cancelled)));
        await AllReachAsync(orders.Select(order => order.Id), "AwaitingPayment");

        Stack[Routes.Payments].Start();

        await AllReachAsync(orders.Select(order => order.Id), "Completed");
    }

    [Fact]
    public async Task Services_that_are_killed_in_the_middle_of_their_work_finish_it_after_a_restart()
    {
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => System.Ada.PlaceAsync("ada", cancellationToken: Cancelled)));
        await Task.WhenAll(Stack.Services.Select(service => service.KillAsync()));

        await System.HealAsync();

        await AllReachAsync(orders.Select(order => order.Id), "Completed");
    }

    [Fact]
    public async Task Services_started_before_broker_and_database_wait_and_say_so()
    {
        await Task.WhenAll(Stack.Services.Select(service => service.StopAsync()));
        await Task.WhenAll(Stack.Broker.StopAsync(), Stack.Postgres.StopAsync());
        var orders = Stack[Routes.Orders];
        var logged = Log.Length(orders.Log);

        Stack.StartPrograms();
        await SaysAsync(orders, "Waiting for the database", logged);
        orders.Process!.IsRunning.ShouldBeTrue();
        await Eventually.SucceedsAsync(
            async () => (await StatusAsync(orders.Address, "health/live")).ShouldBe(HttpStatusCode.OK),
            "HTTP is up while the service waits");
        (await StatusAsync(orders.Address, "health/ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await StatusAsync(orders.Address, "products")).ShouldBe(HttpStatusCode.ServiceUnavailable);

        await Stack.Postgres.StartAsync(Cancelled);
        await SaysAsync(orders, "Waiting for the broker", logged);

        await Stack.Broker.StartAsync(Cancelled);
        await Stack.WaitUntilReadyAsync(Cancelled);
        var order = await System.Ada.PlaceAsync("ada", cancellationToken: Cancelled);
        await ReachesAsync(order.Id, "Completed");
    }

    [Theory]
    [InlineData("ConnectionStrings__Broker", "http://localhost", "ConnectionStrings:Broker is not an AMQP address")]
    [InlineData("ConnectionStrings__Database", "nonsense", "ConnectionStrings:Database is not a PostgreSQL connection string")]
    [InlineData("ConnectionStrings__Database", "", "ConnectionStrings:Database is missing")]
    public async Task A_wrong_setting_stops_the_service_with_a_sentence(string setting, string value, string sentence)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"misconfigured-{Guid.NewGuid():N}");
        await using var service = Stack.Another(Routes.Orders, name, new Dictionary<string, string?> { [setting] = value });

        service.Start();

        await Eventually.TrueAsync(() => !service.Process!.IsRunning, "the service ends");
        var said = Log.After(service.Log, 0);
        said.ShouldContain(sentence);
        said.ShouldNotContain("   at ");
    }

    private static async Task<HttpStatusCode> StatusAsync(Uri service, string path)
    {
        using var client = new HttpClient { BaseAddress = service };
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative), Cancelled);
        return response.StatusCode;
    }
}
