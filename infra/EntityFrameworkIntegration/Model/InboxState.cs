namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>
/// A message that a consumer has consumed. The row is inserted first in the consumer's transaction, so it exists exactly if the
/// consumer's work was committed.
/// </summary>
public class InboxState
{
    /// <summary>
    /// The consumed message's id (the original one, if the message was redelivered). For a routing slip, whose messages all have the same
    /// one, an id made of it and the step.
    /// </summary>
    public Guid MessageId { get; set; }

    /// <summary>Identifies the consumer: derived from the bus, the endpoint's name, the consumer type and the message type.</summary>
    public Guid ConsumerId { get; set; }

    /// <summary>When the message was consumed, UTC by the database's clock.</summary>
    public DateTime Consumed { get; set; }
}
