using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Payments.Authorization;
using Payments.Provider;
using RealServers;
using Services.Tests.Simulator;
using Shouldly;
using Xunit;

namespace Services.Tests.Payments.Provider;

/// <summary>The client against the provider's own process, behind a network that fails.</summary>
public sealed class ProviderResilienceTests : IAsyncLifetime
{
    private readonly Guid _order = Guid.NewGuid();
    private readonly ListLogger _log = new();
    private SimulatorProcess _simulator = null!;
    private TcpProxy _network = null!;

    public async ValueTask InitializeAsync()
    {
        _simulator = await SimulatorProcess.StartAsync();
        _network = TcpProxy.To(_simulator.BaseAddress.Host, _simulator.BaseAddress.Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task A_provider_that_stays_down_is_given_up_when_the_whole_operation_has_had_its_time()
    {
        _network.Cut();

        var result = await Client(new ProviderOptions { Retries = 20, LongestDelay = TimeSpan.FromSeconds(1), TotalTimeout = TimeSpan.FromSeconds(2) })
            .AuthorizeAsync(Call("key"), default);

        // Out of retries, it would be unavailable.
        result.ShouldBe(new ProviderResult.Unreachable("provider_timeout"));
    }

    [Fact]
    public async Task A_network_that_swallows_everything_is_given_up_when_the_whole_operation_has_had_its_time()
    {
        _network.Stall();
        var clock = Stopwatch.StartNew();

        var result = await Client(new ProviderOptions { Retries = 1, AttemptTimeout = TimeSpan.FromSeconds(30), TotalTimeout = TimeSpan.FromSeconds(2) })
            .AuthorizeAsync(Call("key"), default);

        result.ShouldBe(new ProviderResult.Unreachable("provider_timeout"));
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(25));
    }

    [Fact]
    public async Task A_call_that_is_not_answered_in_time_is_made_again()
    {
        var result = await Client(new ProviderOptions { AttemptTimeout = TimeSpan.FromSeconds(1), TotalTimeout = TimeSpan.FromSeconds(40) })
            .AuthorizeAsync(Call("key", "tok_timeout"), default);

        result.ShouldBeOfType<ProviderResult.Succeeded>();
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_the_request_is_tried_again()
    {
        var client = Client(new ProviderOptions());
        await client.AuthorizeAsync(Call("first"), default);
        _network.CutAfter(bytes: 10);

        var result = await client.AuthorizeAsync(Call("second"), default);

        result.ShouldBeOfType<ProviderResult.Succeeded>();
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_hears_of_nothing_but_that()
    {
        using var impatience = new CancellationTokenSource();
        var call = Client(new ProviderOptions()).AuthorizeAsync(Call("key", "tok_hang"), impatience.Token);

        await impatience.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(call);
    }

    [Fact]
    public async Task After_too_many_failures_the_provider_is_left_alone_until_one_call_succeeds_again()
    {
        var options = new ProviderOptions
        {
            Retries = 1,
            FirstDelay = TimeSpan.FromMilliseconds(1),
            TotalTimeout = TimeSpan.FromMinutes(1),
            BreakerMinimumCalls = 4,
            BreakerWindow = TimeSpan.FromMinutes(5),
            BreakDuration = TimeSpan.FromMinutes(10),
        };
        var clock = new MovableClock();
        var client = Client(options, clock: clock);
        for (var call = 0; call < 2; call++)
            (await client.AuthorizeAsync(Call($"failing-{call}", "tok_error"), default)).ShouldBeOfType<ProviderResult.Unreachable>();

        (await client.AuthorizeAsync(Call("left-alone"), default)).ShouldBe(new ProviderResult.Unreachable("provider_unavailable"));
        (await _simulator.OperationsAsync(_order)).ShouldNotContain(operation => operation.IdempotencyKey == "left-alone");

        clock.Advance(options.BreakDuration);
        await Eventually.TrueAsync(
            async () => await client.AuthorizeAsync(Call("again"), default) is ProviderResult.Succeeded, "the circuit is closed again");
    }

    [Fact]
    public async Task While_the_provider_is_left_alone_patient_calls_wait_and_succeed()
    {
        var client = Client(new ProviderOptions
        {
            Retries = 50,
            FirstDelay = TimeSpan.FromMilliseconds(100),
            LongestDelay = TimeSpan.FromSeconds(1),
            TotalTimeout = TimeSpan.FromMinutes(2),
            BreakerMinimumCalls = 4,
            BreakDuration = TimeSpan.FromSeconds(1),
        });
        _network.Cut();
        var calls = Enumerable.Range(0, 10).Select(i => client.AuthorizeAsync(Call($"patient-{i}"), default)).ToList();
        await Eventually.TrueAsync(() => _log.Contains("left alone"), "the circuit is open");

        _network.Restore();

        (await Task.WhenAll(calls)).ShouldAllBe(result => result is ProviderResult.Succeeded);
    }

    [Fact]
    public async Task No_more_calls_are_under_way_than_allowed()
    {
        const int allowed = 3;
        using var counter = new CallCounter();
        var client = Client(new ProviderOptions { ConcurrentCalls = allowed, TotalTimeout = TimeSpan.FromMinutes(2) }, counter);

        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => client.AuthorizeAsync(Call($"slow-{i}", "tok_slow_150"), default)));

        results.ShouldAllBe(result => result is ProviderResult.Succeeded);
        counter.Most.ShouldBe(allowed);
    }

    [Fact]
    public async Task What_the_provider_refuses_is_not_tried_again()
    {
        var client = Client(new ProviderOptions());
        await client.AuthorizeAsync(Call("key"), default);

        (await client.CaptureAsync("capture", "auth_nothing", new Money(1, "EUR"), default)).ShouldBe(new ProviderResult.Refused("unknown_authorization"));
        (await client.AuthorizeAsync(Call("key") with { PaymentMethod = "tok_decline" }, default)).ShouldBe(new ProviderResult.Refused("idempotency_key_reused"));
    }

    private AuthorizationCall Call(string key, string card = "tok_approve") => new(_order, 1, key, new Money(2500, "EUR"), card, []);

    private PaymentProvider Client(ProviderOptions options, HttpMessageHandler? handler = null, TimeProvider? clock = null)
    {
        var http = new HttpClient(handler ?? new SocketsHttpHandler()) { BaseAddress = new Uri($"http://127.0.0.1:{_network.Port}"), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", SimulatorProcess.ApiKey);
        return new PaymentProvider(http, new ProviderResilience(Options.Create(options), clock ?? TimeProvider.System, _log));
    }

    /// <summary>The system's clock, except that it can be put forward.</summary>
    private sealed class MovableClock : TimeProvider
    {
        private TimeSpan _ahead;

        public void Advance(TimeSpan by) => _ahead += by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;
    }

    /// <summary>Counts the calls under way. Connections would not do: the network has yet to hear of one that was given up.</summary>
    private sealed class CallCounter() : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly Lock _gate = new();
        private int _underWay;

        /// <summary>The most at one time.</summary>
        public int Most { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (_gate)
                Most = Math.Max(Most, ++_underWay);
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                lock (_gate)
                    _underWay--;
            }
        }
    }

    /// <summary>What the client says of its own.</summary>
    private sealed class ListLogger : ILogger<ProviderResilience>
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public bool Contains(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));
    }
}
