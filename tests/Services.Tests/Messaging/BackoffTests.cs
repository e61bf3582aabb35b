using Messaging;
using Shouldly;

namespace Services.Tests.Messaging;

public sealed class BackoffTests
{
    private static readonly Backoff Backoff = new(Limit: 8, First: TimeSpan.FromMilliseconds(100), Longest: TimeSpan.FromSeconds(1));

    [Fact]
    public void The_longest_wait_doubles_until_its_bound() =>
        Enumerable.Range(1, 8).Select(retry => Backoff.Ceiling(retry).TotalMilliseconds)
            .ShouldBe([100, 200, 400, 800, 1000, 1000, 1000, 1000]);

    [Fact]
    public void Waits_are_spread_over_the_whole_range_from_nothing()
    {
        var waits = Enumerable.Range(0, 2000).Select(_ => Backoff.Next(retry: 3).TotalMilliseconds).ToList();

        waits.ShouldAllBe(wait => wait >= 0 && wait <= 400);
        waits.Min().ShouldBeLessThan(40);
        waits.Max().ShouldBeGreaterThan(360);
        waits.Average().ShouldBeInRange(170, 230);
    }

    [Fact]
    public void A_distant_retry_does_not_overflow() => Backoff.Ceiling(retry: 5000).ShouldBe(TimeSpan.FromSeconds(1));
}
