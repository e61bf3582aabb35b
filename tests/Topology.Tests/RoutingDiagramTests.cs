using Shouldly;
using Xunit;

namespace Topology.Tests;

public sealed class RoutingDiagramTests
{
    private const string Begin = "<!-- routing-table:begin, made by `dotnet run --project infra/Topology -- print --mermaid` -->\n```mermaid\n";
    private const string End = "```\n<!-- routing-table:end -->";

    [Fact]
    public void The_diagram_in_the_README_is_the_routing_table()
    {
        var readme = File.ReadAllText(Path.Combine(CheckoutDirectory(), "README.md"));
        var begin = readme.IndexOf(Begin, StringComparison.Ordinal);
        begin.ShouldBeGreaterThan(0, $"README.md needs the diagram, between these markers:\n{Begin}{End}");
        begin += Begin.Length;
        var end = readme.IndexOf(End, begin, StringComparison.Ordinal);

        readme[begin..end].ShouldBe(RoutingDiagram.Of(RoutingTable.OfContracts));
    }

    private static string CheckoutDirectory()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "Microservices.sln")))
                return directory.FullName;
        throw new InvalidOperationException("The tests run outside of the checkout.");
    }
}
