using System.Text.Json;
using LocalStack;
using Shouldly;
using Xunit;

namespace EndToEnd.Launcher;

/// <summary>What "docker inspect" tells about the containers of a stack.</summary>
public sealed class ContainerTests
{
    [Fact]
    public void A_container_is_known_with_its_service_ports_and_settings()
    {
        var container = Container.Parse(Inspected(Described("shop-orders-1", "orders"))).ShouldHaveSingleItem();

        container.Name.ShouldBe("shop-orders-1");
        container.Service.ShouldBe("orders");
        container.ProjectDirectory.ShouldBe("/shop");
        container.Ports.ShouldBe(new Dictionary<int, int> { [8080] = 5001 });
        container.Environment["ConnectionStrings__Database"].ShouldBe("Host=postgres;Password=a=b");
        container.Condition.ShouldBe(PartCondition.Ready);
    }

    [Fact]
    public void Containers_come_in_the_order_of_their_starts_and_without_those_of_single_commands() =>
        Container.Parse(Inspected(
                Described("shop-edge-1", "edge", startedAt: "2026-05-01T10:00:02.123456789Z"),
                Described("shop-topology-run-1", "topology", oneOff: "True"),
                Described("shop-rabbitmq-1", "rabbitmq", startedAt: "2026-05-01T10:00:01Z")))
            .Select(container => container.Service)
            .ShouldBe(["rabbitmq", "edge"]);

    [Theory]
    [InlineData("running", "healthy", 0, "ready", true)]
    [InlineData("running", "none", 0, "running", true)]
    [InlineData("running", "starting", 0, "not ready", false)]
    [InlineData("running", "unhealthy", 0, "not ready", false)]
    [InlineData("exited", "none", 0, "done", true)]
    [InlineData("exited", "none", 2, "ended", false)]
    // A server that was stopped in good order has ended all the same.
    [InlineData("exited", "unhealthy", 0, "ended", false)]
    [InlineData("restarting", "none", 0, "restarting", false)]
    [InlineData("created", "none", 0, "created", false)]
    public void Its_condition_follows_from_state_health_and_exit_code(string state, string health, int exitCode, string text, bool isGood) =>
        Container.Parse(Inspected(Described("shop-orders-1", "orders", state, health, exitCode))).Single().Condition
            .ShouldBe(new PartCondition(text, isGood));

    [Fact]
    public void A_stack_has_ended_parts_until_every_server_and_service_runs()
    {
        var services = PublishedPort.All.Select(published => published.Service).Distinct().ToList();
        var whole = Container.Parse(Inspected(
            [.. services.Select(service => Described(service, service)), Described("topology", "topology", "exited", "none")]));

        new ComposeRunningStack(Project, whole).Ended.ShouldBeEmpty();
        new ComposeRunningStack(Project, [.. whole.Where(container => container.Service != "edge")]).Ended.ShouldBe(["edge"]);
        new ComposeRunningStack(Project, [.. whole.Select(container => container with { State = container.Service == "payments" ? "exited" : container.State })])
            .Ended.ShouldBe(["payments"]);
    }

    [Fact]
    public void Containers_that_were_made_from_another_checkout_are_not_ours()
    {
        var container = Container.Parse(Inspected(Described("shop-orders-1", "orders"))).Single();
        Project.Owns(container).ShouldBeTrue();
        (Project with { Directory = "/elsewhere/shop" }).Owns(container).ShouldBeFalse();
    }

    private static ComposeProject Project => new("shop", "/shop");

    private static string Inspected(params object[] containers) => JsonSerializer.Serialize(containers);

    private static object Described(
        string name,
        string service,
        string state = "running",
        string health = "healthy",
        int exitCode = 0,
        string startedAt = "2026-05-01T10:00:00Z",
        string oneOff = "False") => new
        {
            Id = new string('0', 64),
            Name = $"/{name}",
            State = new { Status = state, ExitCode = exitCode, StartedAt = startedAt, Health = new { Status = health } },
            Config = new
            {
                Env = new[] { "ConnectionStrings__Database=Host=postgres;Password=a=b", "PATH=/bin" },
                Labels = new Dictionary<string, string>
                {
                    ["com.docker.compose.service"] = service,
                    ["com.docker.compose.oneoff"] = oneOff,
                    ["com.docker.compose.project.working_dir"] = "/shop",
                },
            },
            HostConfig = new
            {
                PortBindings = new Dictionary<string, object?>
                {
                    ["8080/tcp"] = new[] { new { HostIp = "127.0.0.1", HostPort = "5001" } },
                    ["9090/tcp"] = null,
                },
            },
        };
}
