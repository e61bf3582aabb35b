using System.Globalization;
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

    [Theory]
    [InlineData("INT")]
    [InlineData("KILL")]
    public async Task A_start_that_is_interrupted_leaves_nothing_behind(string signal)
    {
        await using var run = new LauncherRun();
        using var up = run.Start(LauncherRun.UpServersOnly);
        await Eventually.TrueAsync(() => run.Processes().Any(process => process.Contains("beam", StringComparison.Ordinal)), "RabbitMQ starts");

        using (var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", up.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);

        await up.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => run.Processes().Count == 0, "every process is gone");
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

    private static IReadOnlyList<int> Ports(LauncherRun run)
    {
        using var state = JsonDocument.Parse(File.ReadAllText(Path.Combine(run.Directory, "stack.json")));
        return
        [
            state.RootElement.GetProperty("ManagementPort").GetInt32(),
            .. state.RootElement.GetProperty("Parts").EnumerateArray().Select(part => part.GetProperty("Port").GetInt32()).Where(port => port != 0),
        ];
    }
}
