using System.Diagnostics;
using RealServers;
using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>The program: settings from the environment, lines on standard output, an exit code.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Diff_says_1_until_apply_was_run_and_0_afterwards()
    {
        await using var system = await TestSystem.NameAsync();
        var settings = new Dictionary<string, string>
        {
            ["TOPOLOGY_MANAGEMENT"] = (await Servers.GetAsync()).Management.OriginalString,
            ["TOPOLOGY_BROKER"] = system.Options.Broker.OriginalString,
            ["TOPOLOGY_PREFIX"] = system.Options.Prefix,
        };

        var before = await RunAsync("diff", settings);
        before.ExitCode.ShouldBe(1);
        before.Output.ShouldContain($"+ vhost {system.Options.Prefix}orders");

        (await RunAsync("apply", settings)).Output.ShouldContain("changes made; 3 links move messages.");
        (await RunAsync("apply", settings)).Output.Trim().ShouldBe("Nothing to change; 3 links move messages.");

        var after = await RunAsync("diff", settings);
        after.ExitCode.ShouldBe(0);
        after.Output.Trim().ShouldBe("The broker is as the routing table wants it.");

        settings["TOPOLOGY_TTL_PAYMENT_DEADLINE"] = "00:00:10";
        (await RunAsync("diff", settings)).Output
            .ShouldStartWith($"~ policy {system.Options.Prefix}orders/payment-deadline: message-ttl 900000 becomes 10000");
    }

    [Theory]
    [InlineData("TOPOLOGY_LINK_LENGTH_LIMIT", "many", "TOPOLOGY_LINK_LENGTH_LIMIT must be a whole number above zero; it is many.")]
    [InlineData("TOPOLOGY_LINK_DELIVERY_LIMIT", "0", "TOPOLOGY_LINK_DELIVERY_LIMIT must be a whole number above zero; it is 0.")]
    [InlineData("TOPOLOGY_TTL_RETRY_5S", "soon", "TOPOLOGY_TTL_RETRY_5S must be a duration such as 00:01:30; it is soon.")]
    [InlineData("TOPOLOGY_MANAGEMENT", "localhost", "TOPOLOGY_MANAGEMENT must be an address such as http://localhost:15672.")]
    [InlineData("TOPOLOGY_MANAGEMENT", "http://localhost:15672", "TOPOLOGY_MANAGEMENT must name an administrator and the password: http://user:password@host:15672.")]
    [InlineData("TOPOLOGY_PAYMENT_PASSWORD", "x", "There is no such setting: TOPOLOGY_PAYMENT_PASSWORD.")]
    public async Task A_wrong_setting_is_told_in_a_sentence(string name, string value, string sentence)
    {
        var run = await RunAsync("print", new Dictionary<string, string> { [name] = value });

        run.ExitCode.ShouldBe(2);
        run.Error.Trim().ShouldBe(sentence);
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_told_in_a_sentence()
    {
        var run = await RunAsync("diff", new Dictionary<string, string> { ["TOPOLOGY_MANAGEMENT"] = "http://admin:pw@localhost:1" });

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldStartWith("No management API answers at http://localhost:1/api/");
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string verb, Dictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(BrokerTopology).Assembly.Location, verb])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;

        using var bound = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(bound.Token);
        var error = process.StandardError.ReadToEndAsync(bound.Token);
        await process.WaitForExitAsync(bound.Token);
        return (process.ExitCode, await output, await error);
    }
}
