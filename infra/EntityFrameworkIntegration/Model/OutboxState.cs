namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>
/// One row per bus: what the instances of a service agree on, so that each housekeeping round is done by one of them.
/// </summary>
public class OutboxState
{
    /// <summary>The bus: empty for the default bus, else the bus interface's full name.</summary>
    public string BusName { get; set; } = "";

    /// <summary>When an instance last began to trim the inbox, UTC by the database's clock.</summary>
    public DateTime InboxTrimmed { get; set; }
}
