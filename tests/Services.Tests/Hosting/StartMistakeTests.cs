using System.Security.Cryptography;
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

    /// <summary>
    /// The variable set wrong, its value (null: not set), the setting that the sentence names, a word of the reason.
    /// Those of one start are told together.
    /// </summary>
    private static readonly (string Variable, string? Value, string Setting, string Reason)[][] Starts =
    [
        [
            ("ConnectionStrings__Database", null, "ConnectionStrings:Database", "missing"),
            ("ConnectionStrings__Broker", null, "ConnectionStrings:Broker", "missing"),
            ("ApiKeys__0__Sha256", "abc", "ApiKeys:0:Sha256", "64 hexadecimal digits"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT", "absolute URL"),
        ],
        [
            ("ConnectionStrings__Database", "Hots=localhost", "ConnectionStrings:Database", "not a PostgreSQL connection string"),
            ("ConnectionStrings__Broker", "http://localhost", "ConnectionStrings:Broker", "not an AMQP address"),
            ("ApiKeys__0__Role", "admin", "ApiKeys:0:Role", "'customer' or 'operator'"),
        ],
        [
            ("ConnectionStrings__Database", "Host=localhost", "ConnectionStrings:Database", "must name Host and Database"),
            ("ConnectionStrings__Broker", "amqp://localhost/orders", "ConnectionStrings:Broker", "names no user"),
            ("ApiKeys__0__Role", "customer", "ApiKeys:0:CustomerId", "must name the customer"),
        ],
        [
            ("ConnectionStrings__Database", "Host=localhost;Database=orders;Username=orders;Password=dev-orders", "ConnectionStrings:Database", "development password"),
            ("ConnectionStrings__Broker", "amqp://orders:secret@localhost", "ConnectionStrings:Broker", "names no virtual host"),
            ("ApiKeys__0__CustomerId", "ada", "ApiKeys:0:CustomerId", "must be absent"),
        ],
        [
            ("ConnectionStrings__Broker", "amqp://orders:dev-orders@localhost/orders", "ConnectionStrings:Broker", "development password"),
            ("DeadLetters__Retention", "00:00:00", "DeadLetters:Retention", "between 1 second"),
            ("ApiKeys__0__Sha256", Convert.ToHexString(SHA256.HashData("dev-operator"u8)), "ApiKeys:0:Sha256", "the hash of a development key"),
        ],
    ];

    public static TheoryData<int> EachStart => [.. Enumerable.Range(0, Starts.Length)];

    [Theory]
    [MemberData(nameof(EachStart))]
    public async Task Wrong_settings_stop_the_service_with_a_sentence_each(int start)
    {
        var settings = new Dictionary<string, string?>(Good);
        foreach (var mistake in Starts[start])
            settings[mistake.Variable] = mistake.Value;

        var (exitCode, error) = await StartAsync(settings);

        exitCode.ShouldBe(1);
        error.ShouldNotContain("secret");
        var sentences = error.Trim().Split('\n');
        sentences.Length.ShouldBe(Starts[start].Length, error);
        foreach (var mistake in Starts[start])
            sentences.ShouldContain(sentence => sentence.Contains($" {mistake.Setting} ") && sentence.Contains(mistake.Reason), error);
    }

    [Fact]
    public async Task Outside_Development_a_service_does_not_run_without_any_key()
    {
        var (exitCode, error) = await StartAsync(new(Good) { ["ApiKeys__0__Sha256"] = null, ["ApiKeys__0__Role"] = null });

        exitCode.ShouldBe(1);
        error.ShouldContain("ApiKeys is empty");
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
