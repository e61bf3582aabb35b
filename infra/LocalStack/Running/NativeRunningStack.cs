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

    /// <summary>The names of the parts that have ended.</summary>
    public IReadOnlyList<string> Ended => [.. state.Parts.Where(part => !part.Process.IsRunning).Select(part => part.Name)];

    /// <summary>Whether it runs every service as often as asked for.</summary>
    public bool Covers(StackOptions options) => Routes.Services.All(service =>
        state.Parts.Count(part => part.Kind == service.Name)
        == (options.Except.Contains(service.Name) ? 0 : options.Replicas.GetValueOrDefault(service.Name, 1)));

    public override async Task StopAsync()
    {
        // What depends on others goes first, and what runs side by side ends side by side.
        foreach (var layer in state.Parts.Reverse().GroupBy(Layer).OrderBy(layer => layer.Key))
        {
            Screen.Say($"Stopping {string.Join(", ", layer.Select(part => part.Name))}.");
            await Task.WhenAll(layer.Select(part => part.Process.StopAsync(
                TimeSpan.FromSeconds(40),
                part.Kind == StackParts.Postgres ? StopSignal.Interrupt : StopSignal.Terminate)));
        }

        StackState.Forget(StackDirectory.Path);
    }

    private int PortOf(string kind) => state.Parts.Single(part => part.Kind == kind).Port;

    private static int Layer(StackPart part) => part.Kind switch
    {
        StackParts.Edge => 0,
        StackParts.Broker or StackParts.Postgres or StackParts.Mail or Stack.ProviderName => 2,
        StackParts.PortMapper => 3,
        _ => 1,
    };
}
