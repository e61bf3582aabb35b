using System.Globalization;
using Contracts;
using Npgsql;
using Topology;

namespace LocalStack;

/// <summary>A stack of native servers and processes, as the file that its start left tells it.</summary>
internal sealed class NativeRunningStack(StackState state) : RunningStack
{
    /// <summary>Finds this checkout's; null where there is none.</summary>
    public static NativeRunningStack? Find() => StackState.Read(StackDirectory.Path) is { } state ? new NativeRunningStack(state) : null;

    public override string Manner => "natively";

    public override DateTimeOffset StartedAt => state.StartedAt;

    public override IReadOnlyList<NativePart> Parts { get; } = [.. state.Parts.Select(part => new NativePart(part))];

    public override Uri Management => new(string.Create(
        CultureInfo.InvariantCulture,
        $"http://admin:{DevelopmentSecrets.BrokerAdministrator}@127.0.0.1:{state.ManagementPort}"));

    public override TopologyOptions Topology => new()
    {
        Broker = new Uri(string.Create(CultureInfo.InvariantCulture, $"amqp://127.0.0.1:{PortOf(StackParts.Broker)}")),
    };

    public override string ProviderKey => DevelopmentSecrets.Provider;

    public override string MailPlace => state.MailDirectory;

    public override string Postgres => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = PortOf(StackParts.Postgres),
        Username = "postgres",
        Password = DevelopmentSecrets.PostgresSuperuser,
    }.ConnectionString;

    public override string DatabasePasswordOf(Service service) => DevelopmentSecrets.Database(service).RuntimePassword;

    public override Task<IReadOnlyList<ReceivedMail>> MailAsync(Guid order, CancellationToken cancellationToken) =>
        Task.FromResult(ReceivedMail.About(order, state.MailDirectory));

    /// <summary>What is known of its processes.</summary>
    public StackState State => state;

    /// <summary>The parts that have ended and are to be started again.</summary>
    public IReadOnlyList<StackPart> Missing => [.. state.Parts.Except(state.Running)];

    /// <summary>Whether it runs every service as often as asked for.</summary>
    public bool Covers(StackOptions options) => Routes.Services.All(service =>
        state.Parts.Count(part => part.Kind == service.Name)
        == (options.Except.Contains(service.Name) ? 0 : options.Replicas.GetValueOrDefault(service.Name, 1)));

    /// <summary>Makes room for the parts that are missing: ends what is left of them, and sees whether they can have their ports again.</summary>
    /// <exception cref="StackException">Somebody else has one of these ports by now, and the other parts know no other.</exception>
    public async Task MakeRoomAsync()
    {
        var missing = Missing;
        foreach (var part in missing)
            await StopAsync(part);
        var ports = missing.Where(part => part.Port != 0).Select(part => (part.Name, part.Port)).ToList();
        if (missing.Any(part => part.Kind == StackParts.Broker))
            ports.Add((StackParts.Management, state.ManagementPort));
        if (ports.FirstOrDefault(port => !PortClaim.IsFree(port.Port)) is { Name: { } name, Port: var taken })
            throw new StackException(string.Create(CultureInfo.InvariantCulture, $"Somebody else has port {taken} by now, which {name} had. For other ports: infra/stack down, then infra/stack up"));
    }

    public override async Task StopAsync()
    {
        // What depends on others goes first, and what runs side by side ends side by side.
        foreach (var layer in state.Parts.Reverse().GroupBy(Layer).OrderBy(layer => layer.Key))
        {
            Screen.Say($"Stopping {string.Join(", ", layer.Select(part => part.Name))}.");
            await Task.WhenAll(layer.Select(StopAsync));
        }

        StackState.Forget(StackDirectory.Path);
    }

    private static Task StopAsync(StackPart part) => part.Process.StopAsync(
        TimeSpan.FromSeconds(40),
        part.Kind == StackParts.Postgres ? StopSignal.Interrupt : StopSignal.Terminate);

    private int PortOf(string kind) => state.Parts.Single(part => part.Kind == kind).Port;

    private static int Layer(StackPart part) => part.Kind switch
    {
        StackParts.Edge => 0,
        StackParts.Broker or StackParts.Postgres or StackParts.Mail or Stack.ProviderName => 2,
        StackParts.PortMapper => 3,
        _ => 1,
    };
}
