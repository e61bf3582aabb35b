using System.Text.Json;
using LocalStack;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.Launcher;

public sealed class LauncherTests
{
    [Fact]
    public async Task Two_stacks_run_side_by_side_and_down_leaves_nothing_of_either()
    {
        await using var one = new LauncherRun();
        await using var two = new LauncherRun();

        var started = await Task.WhenAll(one.RunAsync(LauncherRun.UpServersOnly), two.RunAsync(LauncherRun.UpServersOnly));

        foreach (var (code, output) in started)
        {
            code.ShouldBe(0, output);
            output.ShouldContain("Everything runs");
        }

        Ports(one).Intersect(Ports(two)).ShouldBeEmpty();
        started.ShouldContain(start => start.Output.Contains("Ports that somebody else has are replaced: ", StringComparison.Ordinal));
        (await one.RunAsync("status")).Code.ShouldBe(0);

        var (again, said) = await one.RunAsync(LauncherRun.UpServersOnly);
        again.ShouldBe(0);
        said.ShouldContain("running already");

        one.Processes().ShouldNotBeEmpty();
        await one.RunAsync("down");
        one.Processes().ShouldBeEmpty();
        (await two.RunAsync("status")).Code.ShouldBe(0, "the other stack goes on");
        Directory.Exists(Path.Combine(one.Directory, "stack", "postgres", "data")).ShouldBeTrue("down keeps the data");

        await two.RunAsync("down", "--volumes");
        two.Processes().ShouldBeEmpty();
        Directory.Exists(Path.Combine(two.Directory, "stack")).ShouldBeFalse("down --volumes deletes them");
    }

    [Fact]
    public async Task Up_starts_again_what_has_ended_where_it_was_and_leaves_the_rest_alone()
    {
        await using var run = new LauncherRun();
        var (code, output) = await run.RunAsync(LauncherRun.UpServersOnly);
        code.ShouldBe(0, output);
        var before = Parts(run);
        foreach (var part in new[] { "rabbitmq", "provider", "edge" })
            ProcessTable.Signal(before[part].ProcessId, ProcessTable.Kill);
        await Eventually.EqualAsync(1, async () => (await run.RunAsync("status")).Code, "status tells that not everything runs");

        (code, output) = await run.RunAsync(LauncherRun.UpServersOnly);

        code.ShouldBe(0, output);
        output.ShouldContain("starting epmd, rabbitmq, provider, edge again");
        var after = Parts(run);
        (after["postgres"], after["mail"]).ShouldBe((before["postgres"], before["mail"]));
        after.ToDictionary(part => part.Key, part => part.Value.Port).ShouldBe(before.ToDictionary(part => part.Key, part => part.Value.Port), ignoreOrder: true);
        (await run.RunAsync("status")).Code.ShouldBe(0);

        // nginx leaves its workers behind when it is killed.
        ProcessTable.Signal(after["edge"].ProcessId, ProcessTable.Kill);
        await run.RunAsync("down");
        run.Processes().ShouldBeEmpty();
    }

    [Theory]
    [InlineData((int)StopSignal.Interrupt)]
    [InlineData(ProcessTable.Kill)]
    public async Task A_start_that_is_interrupted_leaves_nothing_behind(int signal)
    {
        await using var run = new LauncherRun();
        using var up = run.Start(LauncherRun.UpServersOnly);
        await Eventually.TrueAsync(() => run.Processes().Any(process => process.Contains("beam", StringComparison.Ordinal)), "RabbitMQ starts");

        ProcessTable.Signal(up.Id, signal);

        await up.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Eventually.EqualAsync("", () => Task.FromResult(string.Join('\n', run.Processes())), "what is left");
        (await run.RunAsync("status")).Output.ShouldContain("No stack runs");
    }

    [Fact]
    public async Task Commands_that_make_no_sense_are_answered_with_a_sentence()
    {
        await using var run = new LauncherRun();
        foreach (var (arguments, sentence) in new[]
        {
            (new[] { "fly" }, "There is no command fly."),
            (["up", "--except", "shipping"], "There is no service shipping; the services are orders, payments, notifications."),
            (["up", "--replicas", "orders=many"], "--replicas takes a service and a number from 1 to 10"),
            (["demo", "--native", "--compose"], "--native and --compose do not go together."),
            (["order", "42"], "Which order?"),
            (["logs"], "No stack runs from this checkout."),
        })
        {
            var (code, output) = await run.RunAsync(arguments);
            code.ShouldBe(1);
            output.ShouldContain(sentence);
            output.ShouldNotContain("   at ");
        }
    }

    [Fact]
    public async Task Missing_packages_are_named_where_installing_is_not_allowed()
    {
        var refused = await Should.ThrowAsync<StackException>(() => DebianPackages.EnsureAsync(
            ["no-such-package"], mayInstall: false, _ => { }, TestContext.Current.CancellationToken));
        refused.Message.ShouldContain("apt-get install no-such-package");
    }

    /// <summary>The parts by name, each with its process and its port.</summary>
    private static Dictionary<string, (int ProcessId, int Port)> Parts(LauncherRun run)
    {
        using var state = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Directory, "stack.json")));
        return state.RootElement.GetProperty("Parts").EnumerateArray().ToDictionary(
            part => part.GetProperty("Name").GetString()!,
            part => (part.GetProperty("ProcessId").GetInt32(), part.GetProperty("Port").GetInt32()));
    }

    private static IReadOnlyList<int> Ports(LauncherRun run)
    {
        using var state = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Directory, "stack.json")));
        return
        [
            state.RootElement.GetProperty("ManagementPort").GetInt32(),
            .. Parts(run).Values.Select(part => part.Port).Where(port => port != 0),
        ];
    }
}
