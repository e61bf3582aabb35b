using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace RealServers;

/// <summary>The part of RabbitMQ's management API that makes and removes virtual hosts and users.</summary>
internal sealed class ManagementApi(Uri address)
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly Uri _root = new UriBuilder(address) { UserName = "", Password = "", Path = "/api/" }.Uri;

    public Task PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, JsonContent.Create(body));

    public Task DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, content: null);

    private async Task SendAsync(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, new Uri(_root, path)) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
        using var response = await Client.SendAsync(request);
        if (method != HttpMethod.Delete || response.StatusCode is not HttpStatusCode.NotFound)
            await EnsureSuccessAsync(response);
    }

    private static async Task EnsureSuccessAsync(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}",
                inner: null,
                response.StatusCode);
        }
    }
}
