using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;

namespace LocalStack;

/// <summary>
/// Whether deadlines that were set before the demo made them short still wait. Messages leave a wait queue from its head
/// only, so a short deadline behind a long one is not met.
/// </summary>
internal static class EarlierDeadlines
{
    // Those of a demo that ended a moment ago are gone by then, and the figures are up to five seconds old.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task<bool> WaitAsync(Uri management, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        var queue = new Uri($"{management.Scheme}://{management.Authority}/api/queues/{Routes.Orders}/{Routes.PaymentDeadline.Queue}");
        var clock = Stopwatch.StartNew();
        while (await client.GetFromJsonAsync<JsonElement>(queue, cancellationToken) is var state
            && state.TryGetProperty("messages", out var messages) && messages.GetInt64() > 0)
        {
            if (clock.Elapsed > Patience)
                return true;
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }

        return false;
    }
}
