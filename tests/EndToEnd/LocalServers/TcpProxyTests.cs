using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RealServers;
using Shouldly;
using Xunit;

namespace EndToEnd.LocalServers;

/// <summary>Against a server that sends back whatever it receives.</summary>
public sealed class TcpProxyTests : IAsyncDisposable
{
    private static readonly byte[] Hello = "hello"u8.ToArray();

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly TcpProxy _proxy;

    public TcpProxyTests()
    {
        _server.Start();
        _ = EchoAsync();
        _proxy = TcpProxy.To("127.0.0.1", ((IPEndPoint)_server.LocalEndpoint).Port);
    }

    [Fact]
    public async Task Data_pass_in_both_directions()
    {
        using var client = await ConnectAsync();
        (await SayAsync(client)).ShouldBe(Hello);
    }

    [Fact]
    public async Task A_cut_resets_connections_and_refuses_new_ones_until_it_is_restored()
    {
        using var client = await ConnectAsync();
        await SayAsync(client);

        _proxy.Cut();
        await ShouldBeResetAsync(() => SayAsync(client));
        await ShouldBeResetAsync(async () =>
        {
            using var refused = await ConnectAsync();
            return await SayAsync(refused);
        });

        _proxy.Restore();
        using var later = await ConnectAsync();
        (await SayAsync(later)).ShouldBe(Hello);
    }

    [Fact]
    public async Task A_connection_that_arrives_while_the_proxy_is_disposed_ends_with_it()
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var proxy = TcpProxy.To("127.0.0.1", ((IPEndPoint)_server.LocalEndpoint).Port);
            using var client = new TcpClient();
            var connecting = client.ConnectAsync(IPAddress.Loopback, proxy.Port, TestContext.Current.CancellationToken).AsTask();

            await proxy.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

            // Accepted or refused: that is a matter of who came first.
            await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    [Fact]
    public async Task A_cut_in_the_middle_lets_only_the_first_bytes_through()
    {
        using var client = await ConnectAsync();
        await SayAsync(client);
        _proxy.CutAfter(2);
        await ShouldBeResetAsync(() => SayAsync(client));
    }

    [Fact]
    public async Task A_stalled_connection_stays_open_and_goes_on_where_it_was()
    {
        using var client = await ConnectAsync();
        await SayAsync(client);
        _proxy.Stall();

        var answer = SayAsync(client);
        (await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken))).ShouldNotBe(answer);

        _proxy.Restore();
        (await answer).ShouldBe(Hello);
    }

    [Fact]
    public async Task A_delay_holds_back_each_direction()
    {
        using var client = await ConnectAsync();
        await SayAsync(client);
        _proxy.Delay = TimeSpan.FromMilliseconds(100);

        var clock = Stopwatch.StartNew();
        await SayAsync(client);

        clock.Elapsed.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(190));
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    private static async Task<byte[]> SayAsync(TcpClient client)
    {
        await client.GetStream().WriteAsync(Hello);
        var answer = new byte[Hello.Length];
        await client.GetStream().ReadExactlyAsync(answer);
        return answer;
    }

    // Depending on the moment, connecting fails or the first use of the connection.
    private static async Task ShouldBeResetAsync(Func<Task<byte[]>> talk)
    {
        var failure = await Should.ThrowAsync<Exception>(talk);
        (failure is IOException or SocketException).ShouldBeTrue(failure.ToString());
    }

    private async Task EchoAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _server.AcceptTcpClientAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private static async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await client.GetStream().CopyToAsync(client.GetStream());
            }
            catch (IOException)
            {
                // The proxy has reset the connection, as the test asked.
            }
        }
    }
}
