using Topology;

// Exit codes: 0 done or no difference; 1 the broker differs; 2 it could not be done, with the reason on standard error.
try
{
    var options = new EnvironmentOptions(Environment.GetEnvironmentVariables());
    var topology = BrokerTopology.From(options.Topology);
    switch (args)
    {
        case ["print"]:
            Console.WriteLine(topology.Definitions.ToJson());
            return 0;
        case ["print", "--mermaid"]:
            Console.Write(RoutingDiagram.Of(RoutingTable.OfContracts));
            return 0;
        case ["apply"]:
            return await ApplyAsync(topology, options);
        case ["diff"]:
            return await DiffAsync(topology, options);
        default:
            Console.Error.WriteLine("""
                Usage: Topology print [--mermaid] | apply | diff
                  print   the definitions that RabbitMQ can import at boot, which hold passwords; or the routing table's diagram
                  apply   bring the broker to the routing table's state and wait until every link moves messages
                  diff    say what apply would change; exit code 1 when there is something
                Settings are environment variables, TOPOLOGY_MANAGEMENT and others, each with a default for development;
                infra/Topology/README.md lists them.
                """);
            return 2;
    }
}
catch (TopologyException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

static async Task<int> ApplyAsync(BrokerTopology topology, EnvironmentOptions options)
{
    using var broker = new ManagementApi(options.Management);
    await broker.WaitAsync(options.BrokerTimeout);
    var steps = await topology.ApplyAsync(broker, step => Console.WriteLine(step));
    Console.WriteLine(steps.Count == 0
        ? $"Nothing to change; {topology.Links.Count} links move messages."
        : $"{steps.Count} changes made; {topology.Links.Count} links move messages.");
    return 0;
}

static async Task<int> DiffAsync(BrokerTopology topology, EnvironmentOptions options)
{
    using var broker = new ManagementApi(options.Management);
    var steps = await topology.DiffAsync(broker);
    foreach (var step in steps)
        Console.WriteLine(step);
    Console.WriteLine(steps.Count == 0 ? "The broker is as the routing table wants it." : $"{steps.Count} differences.");
    return steps.Count == 0 ? 0 : 1;
}
