using System.Text.Json.Serialization;

namespace Contracts.Payments;

/// <summary>What a reversal found and gave back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReversalOutcome>))]
public enum ReversalOutcome
{
    /// <summary>Neither authorized nor captured.</summary>
    NothingHeld,

    /// <summary>An authorization was released before it was captured.</summary>
    Voided,

    /// <summary>A capture was paid back.</summary>
    Refunded,
}
