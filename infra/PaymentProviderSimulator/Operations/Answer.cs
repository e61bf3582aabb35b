namespace PaymentProviderSimulator.Operations;

/// <summary>What the caller is to be told, and how fast.</summary>
/// <param name="Entry">The operation; null when the provider did nothing and never answers.</param>
/// <param name="Behaviour">How the answer travels.</param>
/// <param name="Delay">For <see cref="Behaviour.Slow" />.</param>
public sealed record Answer(OperationEntry? Entry, Behaviour Behaviour, TimeSpan Delay)
{
    public static readonly Answer Never = new(null, Behaviour.Hang, TimeSpan.Zero);

    /// <summary>Waits as long as the card's token demands.</summary>
    /// <exception cref="OperationCanceledException">The caller has gone, as everybody does who waits for an answer that never comes.</exception>
    public Task TravelAsync(CancellationToken callerGone) => Behaviour switch
    {
        Behaviour.Slow => Task.Delay(Delay, callerGone),
        Behaviour.Hang or Behaviour.Timeout => Task.Delay(Timeout.InfiniteTimeSpan, callerGone),
        _ => Task.CompletedTask,
    };
}

/// <summary>A request that leaves no trace in the log, because it names nothing that exists or reuses a key.</summary>
public sealed class OperationRejectedException(int statusCode, string code, string message) : Exception(message)
{
    public int StatusCode { get; } = statusCode;

    /// <summary>For programs; the message is for people.</summary>
    public string Code { get; } = code;
}
