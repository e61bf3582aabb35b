using System.Text;
using Contracts;

namespace Topology;

/// <summary>The routing table as a Mermaid flowchart: services, their endpoints, and what travels between them.</summary>
public static class RoutingDiagram
{
    /// <summary>Draws a table. A thick arrow crosses virtual hosts by a shovel; a dotted one takes its time.</summary>
    public static string Of(RoutingTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var lines = new StringBuilder("flowchart LR\n");
        foreach (var service in table.Services)
            Draw(service, table, lines);
        foreach (var way in table.Routes.Where(route => !Waits(route, table)).GroupBy(route => (route.Source, route.Destination, route.Endpoint)))
            Draw(way.Key.Source, way.Key.Destination, way.Key.Endpoint, [.. way.Select(route => route.Message.Name)], lines);
        foreach (var wait in table.WaitQueues)
            Draw(wait, table, lines);
        foreach (var expiry in table.Expiries)
            lines.Append($"    {Id(expiry.Service, expiry.Endpoint)} -. older than {Span(expiry.DefaultLifetime)} .-> {Id(expiry.Service, expiry.ExpiredInto)}\n");
        return lines.ToString();
    }

    private static void Draw(Service service, RoutingTable table, StringBuilder lines)
    {
        lines.Append($"    subgraph vhost_{service}[\"vhost {service}\"]\n        {service}([{service}])\n");
        var queues = table.Routes.Where(route => route.Destination == service).Select(route => route.Endpoint)
            .Union(table.WaitQueues.Where(wait => wait.Service == service).Select(wait => wait.Queue))
            .Union(table.Expiries.Where(expiry => expiry.Service == service).Select(expiry => expiry.ExpiredInto));
        foreach (var queue in queues)
            lines.Append($"        {Id(service, queue)}[/{queue}/]\n");
        lines.Append("    end\n");
    }

    private static void Draw(Service source, Service destination, string endpoint, IReadOnlyList<string> messages, StringBuilder lines)
    {
        var arrow = source == destination ? "-->" : "==>";
        lines.Append($"    {source} {arrow}|\"{string.Join("<br/>", messages)}\"| {Id(destination, endpoint)}\n");
    }

    private static void Draw(WaitQueue wait, RoutingTable table, StringBuilder lines)
    {
        var queue = Id(wait.Service, wait.Queue);
        lines.Append($"    {wait.Service} -->|{wait.Message.Name}| {queue}\n");
        foreach (var route in table.Routes.Where(route => route.Message == wait.Message))
            lines.Append($"    {queue} -. after {Span(wait.DefaultDelay)} .-> {Id(route.Destination, route.Endpoint)}\n");
    }

    private static bool Waits(Route route, RoutingTable table) => table.WaitQueues.Any(wait => wait.Message == route.Message);

    private static string Id(Service service, string queue) => $"{service}_{queue.Replace('-', '_')}";

    private static string Span(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => Count(time.TotalDays, "day"),
        { TotalHours: >= 1 } => Count(time.TotalHours, "hour"),
        { TotalMinutes: >= 1 } => Count(time.TotalMinutes, "minute"),
        _ => Count(time.TotalSeconds, "second"),
    };

    private static string Count(double number, string unit) => $"{number:0.##} {unit}{(number == 1 ? "" : "s")}";
}
