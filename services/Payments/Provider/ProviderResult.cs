namespace Payments.Provider;

/// <summary>What came back from the provider, if anything.</summary>
public abstract record ProviderResult
{
    private ProviderResult()
    {
    }

    /// <summary>Done.</summary>
    /// <param name="Id">The provider's id of what was made or acted on; null when there was nothing to act on.</param>
    public sealed record Succeeded(string? Id) : ProviderResult;

    /// <summary>The customer's bank said no.</summary>
    public sealed record Declined(string Reason) : ProviderResult;

    /// <summary>The provider will not do it, whether asked again or not.</summary>
    public sealed record Refused(string Reason) : ProviderResult;

    /// <summary>No usable answer came; it may have been done nevertheless. Asking again under the same key is safe.</summary>
    /// <param name="Reason">What stood in the way.</param>
    /// <param name="RetryAfter">How long the provider asks to be left alone.</param>
    public sealed record Unreachable(string Reason, TimeSpan? RetryAfter = null) : ProviderResult;
}
