namespace Payments.Operations;

/// <summary>Where the money of an order is.</summary>
public enum PaymentStatus
{
    /// <summary>Nothing is held (yet).</summary>
    Pending,

    /// <summary>Reserved on the customer's card.</summary>
    Authorized,

    /// <summary>Collected.</summary>
    Captured,

    /// <summary>Being given back; nothing new may begin.</summary>
    Reversing,

    /// <summary>Reversed when nothing was held: the tombstone that a late authorization meets.</summary>
    Cancelled,

    /// <summary>The reservation was released.</summary>
    Voided,

    /// <summary>What was collected was paid back.</summary>
    Refunded,
}
