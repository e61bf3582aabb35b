using LocalStack;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Shouldly;
using Xunit;

namespace Topology.Tests;

/// <summary>On a broker of its own: a fresh one comes with a guest that may do anything.</summary>
public sealed class GuestTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("guest-").FullName;
    private BrokerServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await BrokerServer.StartAsync(new BrokerServerOptions(_directory));

    [Fact]
    public async Task Guest_could_sign_in_before_and_cannot_after()
    {
        using var broker = new ManagementApi(_server.ManagementUri);
        await broker.PutAsync(User.WithPassword("guest", "guest") with { Tags = CanonicalJson.From("administrator") });
        await broker.PutAsync(new Permission("guest", "/", ".*", ".*", ".*"));
        await (await SignInAsync()).DisposeAsync();
        var topology = BrokerTopology.From(new TopologyOptions { Broker = new Uri($"amqp://{_server.Uri.Authority}") });

        (await topology.ApplyAsync(broker)).Select(step => step.ToString()).ShouldContain("- user guest");

        var refusal = await Should.ThrowAsync<BrokerUnreachableException>(SignInAsync);
        refusal.InnerException.ShouldBeOfType<AuthenticationFailureException>();
        (await topology.DiffAsync(broker)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Guest_does_not_remove_itself()
    {
        using var administrator = new ManagementApi(_server.ManagementUri);
        await administrator.PutAsync(User.WithPassword("guest", "guest") with { Tags = CanonicalJson.From("administrator") });
        using var guest = new ManagementApi(new UriBuilder(_server.ManagementUri) { UserName = "guest", Password = "guest" }.Uri);
        var topology = BrokerTopology.From(new TopologyOptions { Prefix = "by-guest-", Broker = new Uri($"amqp://{_server.Uri.Authority}") });

        var refusal = await Should.ThrowAsync<TopologyException>(() => topology.ApplyAsync(guest));

        refusal.Message.ShouldBe("guest is to be removed and cannot be the one that applies: sign in as another administrator.");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task<IConnection> SignInAsync() =>
        new ConnectionFactory { Uri = new UriBuilder(_server.Uri) { UserName = "guest", Password = "guest", Path = "/" }.Uri }.CreateConnectionAsync();
}
