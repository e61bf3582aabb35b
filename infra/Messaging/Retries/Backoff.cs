using System.Security.Cryptography;

namespace Messaging;

/// <summary>
/// Exponential backoff with full jitter: before retry n the wait is random between zero and the smaller of
/// <paramref name="Longest" /> and <paramref name="First" /> × 2ⁿ⁻¹, so that those who failed together do not come back together.
/// </summary>
/// <param name="Limit">How many retries follow the first failure; 0 for none.</param>
/// <param name="First">The longest wait before the first retry.</param>
/// <param name="Longest">The longest wait of all.</param>
public sealed record Backoff(int Limit, TimeSpan First, TimeSpan Longest)
{
    private const int Steps = 1 << 20;

    /// <summary>The longest wait before retry <paramref name="retry" /> (counted from 1).</summary>
    public TimeSpan Ceiling(int retry) =>
        TimeSpan.FromTicks((long)Math.Min(Longest.Ticks, First.Ticks * Math.Pow(2, retry - 1)));

    /// <summary>A random wait before retry <paramref name="retry" /> (counted from 1).</summary>
    public TimeSpan Next(int retry) => Ceiling(retry) * (RandomNumberGenerator.GetInt32(Steps + 1) / (double)Steps);
}
