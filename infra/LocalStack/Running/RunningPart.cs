namespace LocalStack;

/// <summary>How a part of a stack is doing.</summary>
/// <param name="Text">In a word or two.</param>
/// <param name="IsGood">Whether it is as it should be.</param>
internal sealed record PartCondition(string Text, bool IsGood)
{
    public static readonly PartCondition Running = new("running", IsGood: true);
    public static readonly PartCondition Ready = new("ready", IsGood: true);
    public static readonly PartCondition NotReady = new("not ready", IsGood: false);
    public static readonly PartCondition Ended = new("ended", IsGood: false);
}

/// <summary>A part of a running stack: a server or a program, as a process or a container.</summary>
internal abstract class RunningPart
{
    /// <summary>Such as "orders", or "orders-2" where it runs more than once.</summary>
    public abstract string Name { get; }

    /// <summary>What it is one of: "orders", "rabbitmq".</summary>
    public abstract string Kind { get; }

    /// <summary>The port on this machine; 0 where it has none.</summary>
    public abstract int Port { get; }

    /// <summary>What it runs as: "process 4711".</summary>
    public abstract string RunsAs { get; }

    /// <summary>Where its log is, for people.</summary>
    public abstract string LogPlace { get; }

    /// <summary>Whether it has a log of its own to show.</summary>
    public virtual bool HasLog => true;

    /// <summary>How it is doing just now.</summary>
    public abstract Task<PartCondition> ConditionAsync(CancellationToken cancellationToken);

    /// <summary>Reads its log, line by line.</summary>
    /// <param name="last">How many lines from its end; null for all of it.</param>
    /// <param name="follow">Whether to go on with what is written from now on, until it is cancelled.</param>
    /// <param name="cancellationToken">Ends the reading without an exception when it follows.</param>
    public abstract IAsyncEnumerable<string> ReadLogAsync(int? last, bool follow, CancellationToken cancellationToken);
}
