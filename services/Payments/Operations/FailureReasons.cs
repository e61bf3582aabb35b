namespace Payments.Operations;

/// <summary>Why an operation failed, where the reason is ours and not the provider's.</summary>
public static class FailureReasons
{
    /// <summary>The order's payment is being or has been reversed.</summary>
    public const string Reversed = "payment_reversed";

    /// <summary>There is no authorization to capture.</summary>
    public const string NotAuthorized = "not_authorized";
}
