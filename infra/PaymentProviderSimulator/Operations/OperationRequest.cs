namespace PaymentProviderSimulator.Operations;

/// <summary>What a caller can ask for.</summary>
public enum OperationKind
{
    /// <summary>Reserve an amount on a card.</summary>
    Authorization,

    /// <summary>Collect what was reserved, whole or in part, once.</summary>
    Capture,

    /// <summary>Release a reservation that was not captured.</summary>
    Void,

    /// <summary>Pay back what was captured, whole or in part.</summary>
    Refund,

    /// <summary>Make sure that an authorization, named by its idempotency key, holds nothing: now or when it arrives later.</summary>
    Cancellation,
}

/// <summary>One request, as it is compared when its idempotency key comes again.</summary>
/// <param name="Kind">The operation asked for.</param>
/// <param name="Target">What it acts on: an authorization (capture, void), a capture (refund), an idempotency key (cancellation).</param>
/// <param name="OrderId">The caller's own reference; only an authorization names it, the rest inherit it.</param>
/// <param name="Amount">In the minor unit of the currency; null where the operation always means all of it.</param>
/// <param name="Currency">ISO 4217; only an authorization names it.</param>
/// <param name="PaymentMethod">The card's token; only an authorization names it.</param>
public sealed record OperationRequest(
    OperationKind Kind,
    string? Target = null,
    Guid? OrderId = null,
    long? Amount = null,
    string? Currency = null,
    string? PaymentMethod = null);
