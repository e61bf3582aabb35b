using System.Net;
using System.Net.Http.Json;
using Shouldly;
using Xunit;

namespace Services.Tests.Simulator;

public sealed class DurableLogTests
{
    private readonly Guid _order = Guid.NewGuid();

    [Fact]
    public async Task What_was_answered_survives_a_kill()
    {
        var log = SimulatorProcess.NewLogPath();
        IReadOnlyList<ProviderOperation> before;
        ProviderAnswer first;
        await using (var provider = await SimulatorProcess.StartAsync(log))
        {
            first = await AuthorizeAsync(provider, "authorize");
            before = await provider.OperationsAsync(_order);
            await provider.KillAsync();
            File.Copy(log, log + ".kept");
        }

        File.Move(log + ".kept", log);
        await using var restarted = await SimulatorProcess.StartAsync(log);

        (await restarted.OperationsAsync(_order)).ShouldBe(before);
        (await AuthorizeAsync(restarted, "authorize")).Id.ShouldBe(first.Id);
        (await restarted.OperationsAsync(_order)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_half_written_last_line_is_cut_off_and_writing_goes_on_behind_it()
    {
        var log = await LogWithOneLineAsync();
        await File.AppendAllTextAsync(log, """{"sequence":2,"at":"2026-01""");

        await using var provider = await SimulatorProcess.StartAsync(log);
        (await provider.OperationsAsync(_order)).Count.ShouldBe(1);
        (await AuthorizeAsync(provider, "second")).Status.ShouldBe(HttpStatusCode.Created);

        await provider.RestartAsync();
        (await provider.OperationsAsync(_order)).Select(operation => operation.IdempotencyKey).ShouldBe(["authorize", "second"]);
    }

    [Fact]
    public async Task Any_other_damage_stops_the_start_with_a_sentence()
    {
        var log = await LogWithOneLineAsync();
        await File.AppendAllTextAsync(log, "not a line of the log\n");

        var (exitCode, error) = await SimulatorProcess.StartAndFailAsync(log);

        exitCode.ShouldBe(1);
        error.ShouldContain("Line 2 of the provider's log is damaged");
        File.Delete(log);
    }

    [Fact]
    public async Task Two_processes_never_share_a_log()
    {
        await using var provider = await SimulatorProcess.StartAsync();

        var (exitCode, error) = await SimulatorProcess.StartAndFailAsync(provider.LogPath);

        exitCode.ShouldBe(1);
        error.ShouldContain(provider.LogPath);
    }

    private async Task<string> LogWithOneLineAsync()
    {
        await using var provider = await SimulatorProcess.StartAsync();
        await AuthorizeAsync(provider, "authorize");
        await provider.KillAsync();
        var copy = SimulatorProcess.NewLogPath();
        File.Copy(provider.LogPath, copy);
        return copy;
    }

    private async Task<ProviderAnswer> AuthorizeAsync(SimulatorProcess provider, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/authorizations")
        {
            Headers = { { "Idempotency-Key", key } },
            Content = JsonContent.Create(new { orderId = _order, amount = 2500, currency = "EUR", paymentMethod = "tok_approve" }),
        };
        return await ProviderAnswer.ReadAsync(await provider.Http.SendAsync(request));
    }
}
