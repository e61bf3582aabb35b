namespace Messaging;

/// <summary>When an endpoint stops itself because nothing succeeds any more, and for how long.</summary>
/// <param name="Attempts">How many messages a window needs before it says anything.</param>
/// <param name="FailureRatio">The share of them that fails when the endpoint stops, above 0 and up to 1.</param>
/// <param name="Window">How long messages are counted before the count begins anew.</param>
/// <param name="Pause">How long the endpoint stays stopped; its messages wait in their queue meanwhile.</param>
public sealed record KillSwitchLimits(int Attempts, double FailureRatio, TimeSpan Window, TimeSpan Pause);
