using System.Diagnostics;
using System.Globalization;

namespace RealServers;

/// <summary>
/// Awaits what happens some time after its cause. The bound is for a machine that is busy with other things; on a
/// quiet one the wait ends as soon as the condition holds.
/// </summary>
public static class Eventually
{
    /// <summary>How long is waited where nothing else is said.</summary>
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the condition holds.</summary>
    /// <param name="condition">Asked every 50 ms; an exception ends the wait.</param>
    /// <param name="because">What was expected, for the failure.</param>
    /// <param name="bound">How long to wait; 60 s unless given.</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string because, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var clock = Stopwatch.StartNew();
        while (!await condition())
            await PauseAsync(clock, bound, () => because);
    }

    /// <inheritdoc cref="TrueAsync(Func{Task{bool}}, string, TimeSpan?)" />
    public static Task TrueAsync(Func<bool> condition, string because, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return TrueAsync(() => Task.FromResult(condition()), because, bound);
    }

    /// <summary>Waits until the value is the expected one; the failure tells the last value seen.</summary>
    /// <param name="expected">The value waited for.</param>
    /// <param name="actual">Asked every 50 ms; an exception ends the wait.</param>
    /// <param name="because">What the value is, for the failure.</param>
    /// <param name="bound">How long to wait; 60 s unless given.</param>
    /// <exception cref="TimeoutException">It was not reached in time.</exception>
    public static async Task EqualAsync<T>(T expected, Func<Task<T>> actual, string because, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(actual);
        var clock = Stopwatch.StartNew();
        for (var last = await actual(); !EqualityComparer<T>.Default.Equals(last, expected); last = await actual())
        {
            var seen = last;
            await PauseAsync(clock, bound, () => $"{because}: expected {expected}, last seen {seen}");
        }
    }

    /// <summary>Waits until the attempt yields a value.</summary>
    /// <param name="attempt">Asked every 50 ms; null means "not yet", an exception ends the wait.</param>
    /// <param name="because">What was expected, for the failure.</param>
    /// <param name="bound">How long to wait; 60 s unless given.</param>
    /// <exception cref="TimeoutException">It yielded none in time.</exception>
    public static async Task<T> ValueAsync<T>(Func<Task<T?>> attempt, string because, TimeSpan? bound = null)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(attempt);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await attempt() is { } value)
                return value;
            await PauseAsync(clock, bound, () => because);
        }
    }

    /// <summary>Waits until the attempt, assertions included, passes without an exception.</summary>
    /// <param name="attempt">Run every 50 ms.</param>
    /// <param name="because">What was expected, for the failure.</param>
    /// <param name="bound">How long to wait; 60 s unless given.</param>
    /// <exception cref="TimeoutException">It did not pass in time; the last exception is the inner one.</exception>
    public static async Task SucceedsAsync(Func<Task> attempt, string because, TimeSpan? bound = null)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception notYet) when (clock.Elapsed < (bound ?? DefaultBound))
            {
                await PauseAsync(clock, bound, () => $"{because}: {notYet.Message}", notYet);
            }
        }
    }

    private static async Task PauseAsync(Stopwatch clock, TimeSpan? bound, Func<string> because, Exception? last = null)
    {
        if (clock.Elapsed >= (bound ?? DefaultBound))
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{because()} (waited {clock.Elapsed.TotalSeconds:0} s)"), last);
        await Task.Delay(Interval);
    }
}
