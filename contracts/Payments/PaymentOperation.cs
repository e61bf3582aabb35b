using System.Text.Json.Serialization;

namespace Contracts.Payments;

/// <summary>What was asked of the payment provider.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PaymentOperation>))]
public enum PaymentOperation
{
    /// <summary>Reserve an amount.</summary>
    Authorization,

    /// <summary>Collect what was reserved.</summary>
    Capture,

    /// <summary>Give back what is held: void an authorization or refund a capture.</summary>
    Reversal,
}
