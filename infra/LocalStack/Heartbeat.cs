using System.Diagnostics;
using System.Globalization;

namespace LocalStack;

/// <summary>Signs of life while something takes its time.</summary>
public static class Heartbeat
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);

    /// <summary>Awaits the work and says every four seconds that it goes on.</summary>
    /// <param name="work">What takes its time.</param>
    /// <param name="what">What is said, in front of the seconds passed.</param>
    /// <param name="say">Tells the user.</param>
    public static async Task WhileAsync(Task work, string what, Action<string> say)
    {
        var clock = Stopwatch.StartNew();
        while (await Task.WhenAny(work, Task.Delay(Interval)) != work)
            say(string.Create(CultureInfo.InvariantCulture, $"  {what} ({clock.Elapsed.TotalSeconds:0} s)"));
        await work;
    }
}
