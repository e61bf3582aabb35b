using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Contracts;
using Npgsql;
using Topology;

namespace LocalStack;

/// <summary>
/// A stack in containers, whoever started it. What there is to know is asked of the containers themselves, passwords from
/// .env included.
/// </summary>
internal sealed class ComposeRunningStack : RunningStack
{
    private readonly ComposeProject _project;

    public ComposeRunningStack(ComposeProject project, IReadOnlyList<Container> containers)
    {
        _project = project;
        Containers = containers;
        Parts =
        [
            .. containers.Select(container => new ContainerPart(container, containers.Count(other => other.Service == container.Service) > 1)),
        ];
    }

    /// <summary>Its containers, running or not, in the order in which they were started.</summary>
    public IReadOnlyList<Container> Containers { get; }

    /// <summary>The servers and services that have ended, or were removed. Deploy steps are no concern once all of these run.</summary>
    public IReadOnlyList<string> Ended =>
    [
        .. PublishedPort.All.Select(published => published.Service).Distinct()
            .Where(service => !Containers.Any(container => container.Service == service && container.IsRunning)),
    ];

    public override string Manner => "in containers";

    public override DateTimeOffset StartedAt => Containers.Where(container => container.IsRunning).Select(container => container.StartedAt).DefaultIfEmpty().Min();

    public override IReadOnlyList<ContainerPart> Parts { get; }

    public override Uri Management
    {
        get
        {
            var broker = Find(StackParts.Broker);
            return new Uri(string.Create(
                CultureInfo.InvariantCulture,
                $"http://{Uri.EscapeDataString(Of(broker, "RABBITMQ_DEFAULT_USER"))}:{Uri.EscapeDataString(Of(broker, "RABBITMQ_DEFAULT_PASS"))}@127.0.0.1:{PortOf(broker, 15672)}"));
        }
    }

    /// <summary>Read from the deploy step's own settings, by the code that read them there.</summary>
    public override TopologyOptions Topology => new EnvironmentOptions(Find("topology").Environment.ToDictionary()).Topology;

    public override string ProviderKey => Of(Find(Stack.ProviderName), "Simulator__ApiKey");

    public override string MailPlace => AddressOf(StackParts.Mail)?.ToString().TrimEnd('/') ?? "";

    public override string Postgres
    {
        get
        {
            var server = Find(StackParts.Postgres);
            return new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = PortOf(server, 5432),
                Username = "postgres",
                Password = Of(server, "POSTGRES_PASSWORD"),
            }.ConnectionString;
        }
    }

    /// <summary>Finds the project's containers that were made from its directory; null where there are none.</summary>
    public static async Task<ComposeRunningStack?> FindAsync(ComposeProject project, CancellationToken cancellationToken)
    {
        var containers = await Docker.ContainersAsync(project.Name, cancellationToken);
        return containers.Where(project.Owns).ToList() is { Count: > 0 } own ? new ComposeRunningStack(project, own) : null;
    }

    public override string DatabasePasswordOf(Service service) =>
        Of(Find(StackParts.Postgres), $"{service.Name.ToUpperInvariant()}_DATABASE_PASSWORD");

    /// <summary>Compose's mail server may be any; Notifications tells what a mail server has accepted.</summary>
    public override async Task<IReadOnlyList<ReceivedMail>> MailAsync(Guid order, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { BaseAddress = Edge };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "dev-operator");
        var list = await client.GetFromJsonAsync<JsonElement>(new Uri($"notifications?orderId={order}", UriKind.Relative), cancellationToken);
        var recipient = Of(Find("notifications"), "Smtp__Recipient");
        return
        [
            .. list.GetProperty("items").EnumerateArray()
                .Where(mail => mail.GetProperty("state").GetString() == "Sent")
                .Select(mail => new ReceivedMail(
                    Id: "",
                    recipient.Replace("{customerId}", mail.GetProperty("customerId").GetString(), StringComparison.Ordinal),
                    mail.GetProperty("subject").GetString()!,
                    mail.GetProperty("body").GetString()!)),
        ];
    }

    public override async Task StopAsync()
    {
        Screen.Say("Stopping and removing the containers.");
        await new ComposeCommand(await Compose.RequireAsync(CancellationToken.None), _project).DownAsync(volumes: false);
    }

    private Container Find(string service) => Containers.FirstOrDefault(container => container.Service == service)
        ?? throw new StackException($"There is no container of {service}. Bring it back with: infra/stack up");

    private static string Of(Container container, string variable) => container.Environment.GetValueOrDefault(variable)
        ?? throw new StackException($"The container {container.Name} was made without {variable}. Make it anew with: infra/stack down, infra/stack up");

    private static int PortOf(Container container, int inside) => container.Ports.TryGetValue(inside, out var port)
        ? port
        : throw new StackException($"The container {container.Name} does not publish its port {inside.ToString(CultureInfo.InvariantCulture)} on this machine.");
}
