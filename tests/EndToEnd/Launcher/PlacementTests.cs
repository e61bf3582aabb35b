using LocalStack;
using Shouldly;
using Xunit;

namespace EndToEnd.Launcher;

/// <summary>Natively or in containers: what decides, and that it is said why.</summary>
public sealed class PlacementTests
{
    private static readonly Compose SomeCompose = new(["docker", "compose"], "2.24.5");
    private static readonly ContainerSupport Engine = new(SomeCompose, "27.1.0", WhyNot: "");
    private static readonly ContainerSupport NoEngine = new(Compose: null, Engine: null, "no Docker engine answers the docker command");

    [Fact]
    public async Task Containers_are_chosen_where_an_engine_answers()
    {
        var (compose, why) = await ChooseAsync([], Engine);
        compose.ShouldBe(SomeCompose);
        why.ShouldBe("In containers: Docker 27.1.0 answers, with Compose 2.24.5 (--native does without).");
    }

    [Fact]
    public async Task Native_servers_are_chosen_where_none_does()
    {
        var (compose, why) = await ChooseAsync([], NoEngine);
        compose.ShouldBeNull();
        why.ShouldBe("Native servers: no Docker engine answers the docker command.");
    }

    [Theory]
    [InlineData("--native", "Native servers, because of --native.")]
    [InlineData("--except orders", "Native servers, because of --except: containers would not reach a service that is debugged outside of them.")]
    [InlineData("--replicas orders=2", "Native servers, because of --replicas: the containers' ports on this machine are fixed, one for each service.")]
    public async Task What_only_processes_can_do_is_done_by_processes_without_asking_for_an_engine(string arguments, string sentence)
    {
        var (compose, why) = await Placed(arguments.Split(' ')).ChooseAsync(() => throw new InvalidOperationException("nobody needs to know"));
        compose.ShouldBeNull();
        why.ShouldBe(sentence);
    }

    [Fact]
    public async Task Containers_that_were_asked_for_are_not_replaced_in_silence()
    {
        (await ChooseAsync(["--compose"], Engine)).Compose.ShouldBe(SomeCompose);
        var refused = await Should.ThrowAsync<StackException>(() => ChooseAsync(["--compose"], NoEngine));
        refused.Message.ShouldBe("--compose cannot be followed: no Docker engine answers the docker command.");
    }

    [Theory]
    [InlineData("--native --compose")]
    [InlineData("--compose --except orders")]
    [InlineData("--compose --replicas orders=2")]
    public void Options_that_contradict_each_other_are_refused(string arguments) =>
        Should.Throw<StackException>(() => Placed(arguments.Split(' ')).WhyNative()).Message.ShouldContain("do not go together");

    [Theory]
    [InlineData("", true)]
    [InlineData("--compose", true)]
    [InlineData("--native", false)]
    [InlineData("--except orders", false)]
    public void A_stack_in_containers_goes_on_unless_another_is_asked_for(string arguments, bool accepted) =>
        ShouldAccept(Placed(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)), new ComposeRunningStack(new ComposeProject("shop", "/shop"), []), accepted);

    [Theory]
    [InlineData("", true)]
    [InlineData("--native", true)]
    [InlineData("--except orders", true)]
    [InlineData("--compose", false)]
    public void A_native_stack_goes_on_unless_another_is_asked_for(string arguments, bool accepted) =>
        ShouldAccept(
            Placed(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            new NativeRunningStack(new StackState(DateTimeOffset.UtcNow, [], ManagementPort: 15672, MailDirectory: "")),
            accepted);

    private static void ShouldAccept(Placement placement, RunningStack running, bool accepted)
    {
        if (accepted)
            placement.Accept(running);
        else
            Should.Throw<StackException>(() => placement.Accept(running)).Message.ShouldEndWith("Stop it first: infra/stack down");
    }

    private static Task<(Compose? Compose, string Why)> ChooseAsync(string[] arguments, ContainerSupport machine) =>
        Placed(arguments).ChooseAsync(() => Task.FromResult(machine));

    private static Placement Placed(string[] arguments)
    {
        var line = new CommandLine(arguments);
        var placement = Placement.Of(line, UpVerb.Options(line));
        line.End();
        return placement;
    }
}
