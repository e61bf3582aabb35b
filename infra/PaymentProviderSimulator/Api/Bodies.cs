using System.ComponentModel.DataAnnotations;
using PaymentProviderSimulator.Operations;

namespace PaymentProviderSimulator.Api;

public sealed record AuthorizationBody(
    [property: Required] Guid? OrderId,
    [property: Required, Range(1, long.MaxValue)] long? Amount,
    [property: Required, RegularExpression("^[A-Z]{3}$")] string? Currency,
    [property: Required, StringLength(200)] string? PaymentMethod);

/// <param name="Amount">In the minor unit of the authorization's currency.</param>
public sealed record AmountBody([property: Required, Range(1, long.MaxValue)] long? Amount);

/// <summary>An operation as callers see it.</summary>
public sealed record OperationView(
    long Sequence,
    string? Id,
    OperationKind Kind,
    OperationOutcome Outcome,
    string? Reason,
    Guid? OrderId,
    long? Amount,
    string? Currency,
    string? Target,
    string? PaymentMethod,
    string IdempotencyKey,
    DateTimeOffset At)
{
    public static OperationView Of(OperationEntry entry) => new(
        entry.Sequence,
        entry.Id,
        entry.Request.Kind,
        entry.Outcome,
        entry.Reason,
        entry.OrderId,
        entry.Amount,
        entry.Currency,
        entry.Request.Target,
        entry.Request.PaymentMethod,
        entry.IdempotencyKey,
        entry.At);
}
