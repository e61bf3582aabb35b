using Xunit;

namespace Services.Tests.DeadLetters;

/// <summary>One shop for the tests of a class that break nothing for each other.</summary>
public sealed class OpenShop : IAsyncLifetime
{
    public Shop Shop { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Shop = await Shop.OpenAsync();

    public ValueTask DisposeAsync() => Shop.DisposeAsync();
}
