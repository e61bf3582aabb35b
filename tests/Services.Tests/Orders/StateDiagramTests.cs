using Microsoft.Extensions.Logging.Abstractions;
using Orders.Lifecycle;
using Shouldly;

namespace Services.Tests.Orders;

public sealed class StateDiagramTests
{
    private const string Begin = "```mermaid\n";
    private const string End = "\n```";

    /// <summary>Draw it anew with UPDATE_DIAGRAMS=1 in the environment.</summary>
    [Fact]
    public async Task The_documented_life_of_an_order_is_what_the_state_machine_does()
    {
        var page = Path.Combine(Repository(), "docs", "order-lifecycle.md");
        var text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = text.IndexOf(End, begin, StringComparison.Ordinal);
        var diagram = StateDiagram.Of(new OrderStateMachine(TimeProvider.System, NullLogger<OrderStateMachine>.Instance));

        if (Environment.GetEnvironmentVariable("UPDATE_DIAGRAMS") is "1")
            await File.WriteAllTextAsync(page, text[..begin] + diagram + text[end..], TestContext.Current.CancellationToken);
        else
            text[begin..end].ShouldBe(diagram, "docs/order-lifecycle.md shows another state machine");
    }

    private static string Repository()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Microservices.sln")))
            directory = directory.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        return directory.FullName;
    }
}
