using Contracts;
using LocalStack;
using RealServers;
using Xunit;

namespace EndToEnd.Systems;

/// <summary>
/// The whole system as processes on servers of its own, which the tests break one after another. Its first order is
/// placed before Notifications has ever been started.
/// </summary>
public sealed class ShopSystem : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Checkout.StackDirectory, "tests", "system", Guid.NewGuid().ToString("N"));

    public ShopSystem()
    {
        Stack = new Stack(new StackOptions(_directory));
        Invariants = new Invariants(this);
    }

    public Stack Stack { get; }

    public Invariants Invariants { get; }

    /// <summary>The order from before the first start of Notifications.</summary>
    public Guid EarlyOrder { get; private set; }

    public Shop Ada => field ??= new Shop(Stack.Edge.Address, "dev-ada");

    public Shop Grace => field ??= new Shop(Stack.Edge.Address, "dev-grace");

    public Shop Operator => field ??= new Shop(Stack.Edge.Address, "dev-operator");

    public async ValueTask InitializeAsync()
    {
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, mayInstall: true, Console.Error.WriteLine);
        await Stack.StartServersAsync();
        await Stack.PrepareAsync();
        Stack.Provider.Start();
        Stack[Routes.Orders].Start();
        Stack[Routes.Payments].Start();
        await Task.WhenAll(
            Stack.Provider.WaitUntilReadyAsync(),
            Stack[Routes.Orders].WaitUntilReadyAsync(),
            Stack[Routes.Payments].WaitUntilReadyAsync());

        using (var orders = new Shop(Stack[Routes.Orders].Address, "dev-ada"))
        {
            EarlyOrder = (await orders.PlaceAsync("ada")).Id;
            await Eventually.EqualAsync("Completed", async () => (await orders.FindAsync(EarlyOrder))?.Status, "the early order");
        }

        Stack[Routes.Notifications].Start();
        await Stack[Routes.Notifications].WaitUntilReadyAsync();
        await Stack.StartEdgeAsync();
    }

    /// <summary>Starts whatever a test has stopped, and waits until everything is ready.</summary>
    public async Task HealAsync()
    {
        await Stack.StartServersAsync();
        Stack.StartPrograms();
        await Stack.WaitUntilReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Stack.StopAsync();
        foreach (var shop in new[] { Ada, Grace, Operator })
            shop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>The tests that share the system, one after another; all others run beside them.</summary>
[CollectionDefinition(nameof(SystemTest))]
public sealed class SystemTests : ICollectionFixture<ShopSystem>;
