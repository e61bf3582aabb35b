namespace Contracts;

/// <summary>
/// A queue, in every virtual host, where a message waits before it is tried again: sent there with the name of its
/// endpoint's queue as routing key, it returns to that queue when its time is over.
/// </summary>
/// <param name="Queue">The queue and the exchange in front of it.</param>
/// <param name="DefaultDelay">How long a message waits unless the topology is told otherwise.</param>
public sealed record RetryQueue(string Queue, TimeSpan DefaultDelay)
{
    /// <summary>The address to send to.</summary>
    public Uri Address => new($"exchange:{Queue}");
}

/// <summary>An endpoint whose messages lose their point with time: what has waited too long goes to another endpoint.</summary>
/// <param name="Service">The owner of both endpoints.</param>
/// <param name="Endpoint">The endpoint whose messages expire.</param>
/// <param name="ExpiredInto">The endpoint that takes what has expired. What exceeds the delivery limit arrives there too.</param>
/// <param name="DefaultLifetime">How long a message waits at most unless the topology is told otherwise.</param>
public sealed record Expiry(Service Service, string Endpoint, string ExpiredInto, TimeSpan DefaultLifetime);
