using Contracts;
using LocalStack;
using RealServers;
using Xunit;

namespace EndToEnd.Systems;

/// <summary>A test of the whole system: it finds it whole, and leaves it whole and with its invariants kept.</summary>
[Collection(nameof(SystemTest))]
public abstract class SystemTest(ShopSystem system) : IAsyncLifetime
{
    protected ShopSystem System => system;

    protected Stack Stack => system.Stack;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await system.HealAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await system.HealAsync();
        await system.Invariants.HoldAsync();
    }

    /// <summary>Waits until an order of ada's stands so.</summary>
    protected Task ReachesAsync(Guid order, string status) => Eventually.EqualAsync(
        status,
        async () => (await system.Ada.FindAsync(order, Cancelled))?.Status,
        $"order {order}",
        TimeSpan.FromSeconds(60));

    /// <summary>Waits until each of these orders of ada's stands so.</summary>
    protected async Task AllReachAsync(IEnumerable<Guid> orders, string status)
    {
        foreach (var order in orders)
            await ReachesAsync(order, status);
    }

    /// <summary>Waits until the mail server has a mail about the order.</summary>
    protected Task<IReadOnlyList<ReceivedMail>> MailAsync(Guid order) => Eventually.ValueAsync(
        () => Task.FromResult(ReceivedMail.About(order, Stack.Mail.Maildir) is { Count: > 0 } mails ? mails : null),
        $"a mail about order {order}");

    /// <summary>Waits until a program's log says this.</summary>
    protected static Task SaysAsync(DotnetProgram program, string text, long fromByte = 0) => Eventually.TrueAsync(
        () => Log.After(program.Log, fromByte).Contains(text, StringComparison.Ordinal),
        $"{program.Name} says '{text}'");

    protected Uri AddressOf(Service service) => Stack[service].Address;
}
