namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>
/// A message that was sent or published inside a transaction, stored with it, and deleted once the broker has confirmed it.
/// </summary>
public class OutboxMessage
{
    /// <summary>The row's own key, increasing with time inside a process. Not the message's id, which a caller may repeat.</summary>
    public Guid Id { get; set; }

    /// <summary>Which bus sends the row: empty for the default bus, else the bus interface's full name.</summary>
    public string BusName { get; set; } = "";

    /// <summary>The message's id, which never changes, so that a receiver's inbox drops a message that was sent twice.</summary>
    public Guid MessageId { get; set; }

    /// <summary>Where the message goes.</summary>
    public string DestinationAddress { get; set; } = "";

    /// <summary>The content type of <see cref="Body" />; null for MassTransit's JSON envelope, which nearly every message has.</summary>
    public string? ContentType { get; set; }

    /// <summary>The serialized message: exactly the bytes that go onto the wire.</summary>
    public byte[] Body { get; set; } = [];

    /// <summary>What the body itself does not tell (transport properties, typed headers), as JSON; null if there is nothing to add.</summary>
    public string? Transport { get; set; }

    /// <summary>When the application sent or published the message, or the time it scheduled it for, UTC.</summary>
    public DateTime SentTime { get; set; }

    /// <summary>
    /// When the sweeper may take the row, UTC by the database's clock. Whoever inserts or claims a row holds a lease on it until then;
    /// for a scheduled message it is the time it is scheduled for.
    /// </summary>
    public DateTime Due { get; set; }

    /// <summary>When the message expires, UTC; null if it does not.</summary>
    public DateTime? ExpirationTime { get; set; }

    /// <summary>How many attempts to send the row have failed.</summary>
    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed; null if none did.</summary>
    public string? LastError { get; set; }

    /// <summary>When the row was set aside because it failed too often, UTC; null while it is still being tried.</summary>
    public DateTime? ParkedTime { get; set; }
}
