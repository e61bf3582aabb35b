using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LocalStack;
using Shouldly;
using Xunit;

namespace EndToEnd.Launcher;

/// <summary>What the launcher knows of docker-compose.yml and of Compose.</summary>
public sealed partial class ComposeFileTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Checkout.Root, "docker-compose.yml"));

    [Fact]
    public void The_ports_that_the_launcher_hands_out_are_those_that_are_published() =>
        PublishedPorts().Matches(Text).Select(match => match.Value)
            .ShouldBe(
                PublishedPort.All.Select(port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:${{{port.Variable}:-{port.WellKnown}}}:{port.Inside}")),
                ignoreOrder: true);

    [Fact]
    public void Tests_in_containers_run_on_the_images_that_the_stack_runs_on()
    {
        Text.ShouldContain($"image: {ContainerServers.BrokerImage}\n");
        Text.ShouldContain($"image: {ContainerServers.PostgresImage}\n");
    }

    [Fact]
    public void Whoever_is_started_already_keeps_its_port_and_a_taken_one_is_replaced_and_named()
    {
        using var somebody = new TcpListener(IPAddress.Loopback, 0);
        somebody.Start();
        var taken = ((IPEndPoint)somebody.LocalEndpoint).Port;
        var wish = new Dictionary<string, string> { ["EDGE_PORT"] = taken.ToString(CultureInfo.InvariantCulture) };

        using (var plan = PortPlan.For([], wish))
        {
            plan.Variables["EDGE_PORT"].ShouldNotBe(wish["EDGE_PORT"]);
            plan.Moved.ShouldContain($"edge ({plan.Variables["EDGE_PORT"]} instead of {wish["EDGE_PORT"]})");
        }

        using (var again = PortPlan.For([Edge(taken)], wish))
            again.Variables["EDGE_PORT"].ShouldBe(wish["EDGE_PORT"]);
        using (var stopped = PortPlan.For([Edge(taken) with { State = "exited" }], wish))
            stopped.Variables["EDGE_PORT"].ShouldNotBe(wish["EDGE_PORT"]);
    }

    [Theory]
    [InlineData("1.29.2", true)]
    [InlineData("1.28.6", false)]
    [InlineData("v2.24.5", true)]
    [InlineData("2.20.2+ds1-0ubuntu1", true)]
    [InlineData("2.0.0-rc.1", true)]
    [InlineData("", false)]
    public void Compose_is_used_from_1_29_on(string version, bool isRecent) => Compose.IsRecent(version).ShouldBe(isRecent);

    [Theory]
    [InlineData("", "/home/ada/Message-driven Microservices/", "message-drivenmicroservices")]
    [InlineData("", "/home/ada/_shop.v2", "shopv2")]
    [InlineData("", "/", "default")]
    [InlineData("mine", "/home/ada/shop", "mine")]
    public void The_project_is_called_as_docker_compose_would_call_it(string told, string directory, string name) =>
        ComposeProject.DefaultName(told, directory).ShouldBe(name);

    [Fact]
    public void The_file_env_is_read_as_compose_reads_it() =>
        DotEnv.Parse(["# EDGE_PORT=1", "", "EDGE_PORT=8081 # ours", " ORDERS_PORT = '6001' # theirs", "A=\"b # c\"", "B=x=y", "EDGE_PORT_2"]).ShouldBe(
            new Dictionary<string, string> { ["EDGE_PORT"] = "8081", ["ORDERS_PORT"] = "6001", ["A"] = "b # c", ["B"] = "x=y" },
            ignoreOrder: true);

    private static Container Edge(int port) => new(
        "id", "shop-edge-1", "edge", "/shop", "running", ExitCode: 0, "healthy", DateTimeOffset.UtcNow,
        new Dictionary<int, int> { [8080] = port }, new Dictionary<string, string>());

    [GeneratedRegex(@"127\.0\.0\.1:\$\{\w+_PORT:-\d+\}:\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PublishedPorts();
}
