namespace Messaging;

/// <summary>A message that could not be delivered or processed, with all that is known about its death.</summary>
internal sealed class DeadLetter
{
    /// <summary>Time-ordered (version 7), so that pages can be walked by it.</summary>
    public Guid Id { get; set; }

    /// <summary>What makes two letters the same: a hash, see <see cref="LetterIdentity" />.</summary>
    public byte[] Identity { get; set; } = [];

    /// <summary>One of <see cref="LetterStatus" />.</summary>
    public string Status { get; set; } = LetterStatus.Waiting;

    /// <summary>The letter that this message was replayed from, when it died again.</summary>
    public Guid? PreviousId { get; set; }

    /// <summary>How often the letter arrived.</summary>
    public int Count { get; set; } = 1;

    public DateTime ReceivedAt { get; set; }

    public DateTime LastReceivedAt { get; set; }

    /// <summary>When the message died for the last time; when the letter came, if it does not tell.</summary>
    public DateTime DiedAt { get; set; }

    public string? MessageId { get; set; }

    public string? ConversationId { get; set; }

    public Guid? OrderId { get; set; }

    public string? MessageType { get; set; }

    /// <summary>One of <see cref="DeathReason" />.</summary>
    public string Reason { get; set; } = "";

    /// <summary>The queue that the message died in.</summary>
    public string? OriginQueue { get; set; }

    /// <summary>The exchange that the message had been published to.</summary>
    public string? OriginExchange { get; set; }

    public string RoutingKey { get; set; } = "";

    public string VirtualHost { get; set; } = "";

    public string? ExceptionType { get; set; }

    public string? ExceptionMessage { get; set; }

    public string? StackTrace { get; set; }

    /// <summary>How often a consumer was given the message; 0 when no consumer ever was.</summary>
    public int Attempts { get; set; }

    /// <summary>When the replay that is under way began.</summary>
    public DateTime? ClaimedAt { get; set; }

    /// <summary>When the letter was replayed or discarded.</summary>
    public DateTime? ClosedAt { get; set; }

    /// <summary>The message's properties as JSON, without the headers.</summary>
    public string Properties { get; set; } = "{}";

    /// <summary>The headers as JSON, in a form that gives the same headers back (<see cref="AmqpJson" />).</summary>
    public string Headers { get; set; } = "{}";

    /// <summary>The body, byte for byte.</summary>
    public byte[] Body { get; set; } = [];
}

/// <summary>What an operator, or the service for one, did to a letter. The record outlives the letter.</summary>
internal sealed class DeadLetterAction
{
    public long Id { get; set; }

    public Guid LetterId { get; set; }

    /// <summary><c>replay</c>, <c>discard</c> or <c>remove</c>.</summary>
    public string Action { get; set; } = "";

    /// <summary>The caller's name; <c>retention</c> when nobody asked.</summary>
    public string By { get; set; } = "";

    public DateTime At { get; set; }

    /// <summary>One of <see cref="ReplayOutcome" />, <c>discarded</c> or <c>removed</c>.</summary>
    public string Outcome { get; set; } = "";

    public string? Detail { get; set; }
}

/// <summary>What has become of a letter.</summary>
internal static class LetterStatus
{
    public const string Waiting = "waiting";

    /// <summary>A replay has claimed it. Should the process die meanwhile, the claim runs out.</summary>
    public const string Replaying = "replaying";

    public const string Replayed = "replayed";

    public const string Discarded = "discarded";
}
