using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Topology;

/// <summary>RabbitMQ's management HTTP API: reads, puts and deletes <see cref="Resource" />s.</summary>
public sealed class ManagementApi : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Addresses a broker.</summary>
    /// <param name="address">Such as <c>http://user:password@localhost:15672</c>; the user must be an administrator.</param>
    /// <exception cref="ArgumentException">The address holds no user and password.</exception>
    public ManagementApi(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.UserInfo.Split(':') is not [var user, var password])
            throw new ArgumentException("The management address needs a user and a password: http://user:password@host:15672.", nameof(address));

        Address = new Uri($"{address.Scheme}://{address.Authority}");
        Administrator = Uri.UnescapeDataString(user);
        _http = new HttpClient
        {
            BaseAddress = new Uri(Address, "api/"),
            Timeout = TimeSpan.FromSeconds(60),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Administrator}:{Uri.UnescapeDataString(password)}")));
    }

    /// <summary>Where the API is, without credentials.</summary>
    public Uri Address { get; }

    /// <summary>The user that this client signs in as.</summary>
    public string Administrator { get; }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    /// <summary>Waits until the API answers.</summary>
    /// <param name="patience">How long at most.</param>
    /// <param name="cancellationToken">Gives up earlier.</param>
    /// <exception cref="TopologyException">It did not answer in time, or refuses this administrator.</exception>
    public async Task WaitAsync(TimeSpan patience, CancellationToken cancellationToken = default)
    {
        var deadline = DateTime.UtcNow + patience;
        while (true)
        {
            try
            {
                await GetAsync<JsonObject>("whoami", cancellationToken);
                return;
            }
            catch (TopologyException exception) when (exception.InnerException is HttpRequestException && DateTime.UtcNow < deadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }
        }
    }

    /// <summary>Reads users, rights, and the definitions of those of the given virtual hosts that exist.</summary>
    public async Task<Definitions> ReadAsync(IReadOnlyCollection<string> virtualHosts, CancellationToken cancellationToken = default)
    {
        var all = await GetAsync<VirtualHost[]>("vhosts", cancellationToken);
        var users = await GetAsync<User[]>("users", cancellationToken);
        var permissions = await GetAsync<Permission[]>("permissions", cancellationToken);

        VirtualHost[] existing = [.. all.Where(vhost => virtualHosts.Contains(vhost.Name))];
        var definitions = await Task.WhenAll(existing.Select(vhost => ReadAsync(vhost.Name, cancellationToken)));
        return new Definitions
        {
            Vhosts = existing,
            Users = users,
            Permissions = permissions,
            Parameters = [.. definitions.SelectMany(definition => definition.Parameters)],
            Policies = [.. definitions.SelectMany(definition => definition.Policies)],
            Queues = [.. definitions.SelectMany(definition => definition.Queues)],
            Exchanges = [.. definitions.SelectMany(definition => definition.Exchanges)],
            Bindings = [.. definitions.SelectMany(definition => definition.Bindings)],
        };
    }

    /// <summary>Creates or changes a resource.</summary>
    public async Task PutAsync(Resource resource, CancellationToken cancellationToken = default)
    {
        var method = resource is Binding ? HttpMethod.Post : HttpMethod.Put;
        await DoAsync(method, ResourcePaths.Of(resource), BodyOf(resource), cancellationToken);
    }

    /// <summary>Deletes a resource, a queue with whatever is in it; if it is gone already, that is fine.</summary>
    public async Task DeleteAsync(Resource resource, CancellationToken cancellationToken = default)
    {
        var path = ResourcePaths.Of(resource);
        if (resource is Binding binding)
            await DeleteAsync(binding, path, cancellationToken);
        else
            await DoAsync(HttpMethod.Delete, path, null, cancellationToken);
    }

    /// <summary>Imports definitions as a broker does at boot: it adds and changes, and removes nothing.</summary>
    /// <param name="definitions">JSON as of <see cref="Definitions.ToJson" />.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    public async Task ImportAsync(string definitions, CancellationToken cancellationToken = default) =>
        await DoAsync(HttpMethod.Post, "definitions", JsonNode.Parse(definitions), cancellationToken);

    internal async Task<IReadOnlyList<ShovelStatus>> ReadShovelsAsync(
        IReadOnlyCollection<string> virtualHosts,
        CancellationToken cancellationToken)
    {
        var statuses = await GetAsync<ShovelStatus[]>("shovels", cancellationToken);
        return [.. statuses.Where(status => virtualHosts.Contains(status.Vhost))];
    }

    internal Task<QueueStatus> ReadQueueAsync(string virtualHost, string queue, CancellationToken cancellationToken) =>
        GetAsync<QueueStatus>(ResourcePaths.Path("queues", virtualHost, queue), cancellationToken);

    /// <summary>Publishes a persistent text.</summary>
    /// <returns>Whether the broker took it; not if a queue behind the exchange is full.</returns>
    internal async Task<bool> TryPublishAsync(string virtualHost, string exchange, string payload, CancellationToken cancellationToken)
    {
        var message = new JsonObject
        {
            ["properties"] = new JsonObject { ["delivery_mode"] = 2 },
            ["routing_key"] = "",
            ["payload"] = payload,
            ["payload_encoding"] = "string",
        };
        using var response = await SendAsync(
            HttpMethod.Post,
            ResourcePaths.Path("exchanges", virtualHost, exchange, "publish"),
            message,
            cancellationToken);
        if (response.StatusCode == HttpStatusCode.BadRequest
            && (await response.Content.ReadAsStringAsync(cancellationToken)).Contains("\"rejected", StringComparison.Ordinal))
            return false;

        await EnsureAsync(response, cancellationToken);
        return true;
    }

    /// <summary>Takes what is in a queue out of it.</summary>
    internal Task<IReadOnlyList<string>> TakeAsync(string virtualHost, string queue, CancellationToken cancellationToken) =>
        GetMessagesAsync(virtualHost, queue, count: 100, "ack_requeue_false", cancellationToken);

    /// <summary>
    /// Whether a queue is empty now. The figures of <see cref="ReadQueueAsync" /> lag by seconds, so this looks at the first
    /// message and puts it back, which counts as a delivery.
    /// </summary>
    internal async Task<bool> IsEmptyAsync(string virtualHost, string queue, CancellationToken cancellationToken) =>
        (await GetMessagesAsync(virtualHost, queue, count: 1, "reject_requeue_true", cancellationToken)).Count == 0;

    private async Task<IReadOnlyList<string>> GetMessagesAsync(
        string virtualHost,
        string queue,
        int count,
        string acknowledgement,
        CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            HttpMethod.Post,
            ResourcePaths.Path("queues", virtualHost, queue, "get"),
            new JsonObject { ["count"] = count, ["ackmode"] = acknowledgement, ["encoding"] = "auto" },
            cancellationToken);
        await EnsureAsync(response, cancellationToken);
        var messages = await response.Content.ReadFromJsonAsync<JsonArray>(cancellationToken) ?? [];
        return [.. messages.Select(message => message!["payload"]!.GetValue<string>())];
    }

    private static JsonNode BodyOf(Resource resource)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToNode(resource, resource.GetType(), Definitions.Json)!;
        // What the path names already; the API ignores it, but 4.x warns.
        body.AsObject().Remove("name");
        body.AsObject().Remove("vhost");
        return body;
    }

    private async Task<Definitions> ReadAsync(string virtualHost, CancellationToken cancellationToken)
    {
        var definitions = await GetAsync<Definitions>(ResourcePaths.Path("definitions", virtualHost), cancellationToken);
        return definitions with
        {
            Parameters = [.. definitions.Parameters.Select(parameter => parameter with { Vhost = virtualHost })],
            Policies = [.. definitions.Policies.Select(policy => policy with { Vhost = virtualHost })],
            Queues = [.. definitions.Queues.Select(queue => queue with { Vhost = virtualHost })],
            Exchanges = [.. definitions.Exchanges.Select(exchange => exchange with { Vhost = virtualHost })],
            Bindings = [.. definitions.Bindings.Select(binding => binding with { Vhost = virtualHost })],
        };
    }

    /// <summary>A binding is deleted by a key that only the broker knows how to make.</summary>
    private async Task DeleteAsync(Binding binding, string path, CancellationToken cancellationToken)
    {
        foreach (var found in await GetAsync<JsonObject[]>(path, cancellationToken))
            if ((string?)found["routing_key"] == binding.RoutingKey && CanonicalJson.From(found["arguments"]!) == binding.Arguments)
                await DoAsync(HttpMethod.Delete, $"{path}/{Uri.EscapeDataString((string)found["properties_key"]!)}", null, cancellationToken);
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        await EnsureAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync<T>(Definitions.Json, cancellationToken)
            ?? throw new TopologyException($"{_http.BaseAddress}{path} answered with nothing.");
    }

    private async Task DoAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, body, cancellationToken);
        if (method != HttpMethod.Delete || response.StatusCode != HttpStatusCode.NotFound)
            await EnsureAsync(response, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new TopologyException($"No management API answers at {_http.BaseAddress}: {exception.Message}", exception);
        }
    }

    private static async Task EnsureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
            return;

        var answer = await response.Content.ReadAsStringAsync(cancellationToken);
        throw new TopologyException(
            $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri} was answered with {(int)response.StatusCode}: {answer}");
    }
}
