using Services.Tests.Orders;
using Shouldly;

namespace Services.Tests.Hosting;

/// <summary>Orders stands for every service: what is tested here is what they share.</summary>
public sealed class StartMistakeTests
{
    private const string OtherKey = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly Dictionary<string, string?> Good = new()
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["ConnectionStrings__Database"] = "Host=127.0.0.1;Port=1;Database=orders;Username=orders;Password=secret",
        ["ConnectionStrings__Broker"] = "amqp://orders:secret@127.0.0.1:1/orders",
        ["ApiKeys__0__Sha256"] = OtherKey,
        ["ApiKeys__0__Role"] = "operator",
    };

    /// <summary>The variable set wrong, its value (null: not set), the setting that the sentence names, a word of the reason.</summary>
    public static TheoryData<string, string?, string, string> Mistakes => new()
    {
        { "ConnectionStrings__Database", null, "ConnectionStrings:Database", "missing" },
        { "ConnectionStrings__Database", "Hots=localhost", "ConnectionStrings:Database", "not a PostgreSQL connection string" },
        { "ConnectionStrings__Database", "Host=localhost", "ConnectionStrings:Database", "must name Host and Database" },
        { "ConnectionStrings__Database", "Host=localhost;Database=orders;Username=orders;Password=dev-orders", "ConnectionStrings:Database", "development password" },
        { "ConnectionStrings__Broker", null, "ConnectionStrings:Broker", "missing" },
        { "ConnectionStrings__Broker", "http://localhost", "ConnectionStrings:Broker", "not an AMQP address" },
        { "ConnectionStrings__Broker", "amqp://localhost/orders", "ConnectionStrings:Broker", "names no user" },
        { "ConnectionStrings__Broker", "amqp://orders:secret@localhost", "ConnectionStrings:Broker", "names no virtual host" },
        { "ConnectionStrings__Broker", "amqp://orders:dev-orders@localhost/orders", "ConnectionStrings:Broker", "development password" },
        { "ApiKeys__0__Sha256", "abc", "ApiKeys:0:Sha256", "64 hexadecimal digits" },
        { "ApiKeys__0__Role", "admin", "ApiKeys:0:Role", "'customer' or 'operator'" },
        { "ApiKeys__0__Role", "customer", "ApiKeys:0:CustomerId", "must name the customer" },
        { "ApiKeys__0__CustomerId", "ada", "ApiKeys:0:CustomerId", "must be absent" },
        { "OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT", "absolute URL" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_wrong_setting_stops_the_service_with_a_sentence(string variable, string? value, string setting, string reason)
    {
        var (exitCode, error) = await StartAsync(new(Good) { [variable] = value });

        exitCode.ShouldNotBe(0);
        var sentence = error.Trim().Split('\n').ShouldHaveSingleItem();
        sentence.ShouldContain(setting);
        sentence.ShouldContain(reason);
        sentence.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Production_refuses_the_keys_of_the_local_stack_and_to_run_without_any()
    {
        var hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData("dev-operator"u8));
        var (_, devKey) = await StartAsync(new(Good) { ["ApiKeys__0__Sha256"] = hash });
        devKey.ShouldContain("ApiKeys:0:Sha256 is the hash of a development key");

        var (_, noKey) = await StartAsync(new(Good) { ["ApiKeys__0__Sha256"] = null, ["ApiKeys__0__Role"] = null });
        noKey.ShouldContain("ApiKeys is empty");
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once()
    {
        var (exitCode, error) = await StartAsync(new(Good) { ["ConnectionStrings__Database"] = null, ["ConnectionStrings__Broker"] = null });

        exitCode.ShouldNotBe(0);
        error.ShouldContain("ConnectionStrings:Database");
        error.ShouldContain("ConnectionStrings:Broker");
    }

    [Fact]
    public async Task Migrate_needs_the_owners_connection_string()
    {
        var (exitCode, _, error) = await ServiceProcess.RunAsync(OrdersSystem.Project, ["migrate"], Good);

        exitCode.ShouldNotBe(0);
        error.ShouldContain("ConnectionStrings:DatabaseOwner is missing");
    }

    [Fact]
    public async Task The_health_verb_fails_when_nothing_answers()
    {
        var (exitCode, _, error) = await ServiceProcess.RunAsync(
            OrdersSystem.Project, ["--health"], new Dictionary<string, string?>(Good) { ["ASPNETCORE_URLS"] = "http://+:1" });

        exitCode.ShouldBe(1);
        error.ShouldContain("http://localhost:1/health/ready does not answer");
    }

    private static async Task<(int ExitCode, string Error)> StartAsync(Dictionary<string, string?> settings)
    {
        var (exitCode, _, error) = await ServiceProcess.RunAsync(OrdersSystem.Project, [], settings);
        return (exitCode, error);
    }
}
