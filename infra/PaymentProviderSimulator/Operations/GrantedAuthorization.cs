namespace PaymentProviderSimulator.Operations;

/// <summary>An authorization that was granted, and what became of it.</summary>
public sealed class GrantedAuthorization(OperationEntry entry)
{
    public string Id { get; } = entry.Id!;

    public Guid OrderId { get; } = entry.OrderId!.Value;

    public long Amount { get; } = entry.Amount!.Value;

    public string Currency { get; } = entry.Currency!;

    public TestToken Card { get; } = TestToken.Parse(entry.Request.PaymentMethod!)!;

    public string? CaptureId { get; private set; }

    public long CapturedAmount { get; private set; }

    public long RefundedAmount { get; private set; }

    public bool IsVoided { get; private set; }

    /// <summary>The rule that forbids the operation; null when it may go on.</summary>
    public string? Forbids(OperationRequest request) => request.Kind switch
    {
        OperationKind.Capture when IsVoided => "already_voided",
        OperationKind.Capture when CaptureId is not null => "already_captured",
        OperationKind.Capture when request.Amount > Amount => "amount_exceeds_authorization",
        OperationKind.Void when CaptureId is not null => "already_captured",
        OperationKind.Void when IsVoided => "already_voided",
        OperationKind.Cancellation when CaptureId is not null => "already_captured",
        OperationKind.Refund when request.Amount > CapturedAmount - RefundedAmount => "amount_exceeds_capture",
        _ => null,
    };

    /// <summary>Takes a succeeded operation into account.</summary>
    public void Apply(OperationEntry entry)
    {
        switch (entry.Request.Kind)
        {
            case OperationKind.Capture:
                CaptureId = entry.Id;
                CapturedAmount = entry.Amount!.Value;
                break;
            case OperationKind.Refund:
                RefundedAmount += entry.Amount!.Value;
                break;
            case OperationKind.Void or OperationKind.Cancellation:
                IsVoided = true;
                break;
        }
    }
}
