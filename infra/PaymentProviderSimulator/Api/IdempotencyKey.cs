namespace PaymentProviderSimulator.Api;

/// <summary>The Idempotency-Key header, which every operation that moves money must carry.</summary>
public sealed record IdempotencyKey(string Value)
{
    private const string Header = "Idempotency-Key";
    private const int MaximumLength = 200;

    /// <summary>Reads the header for minimal APIs.</summary>
    /// <exception cref="BadHttpRequestException">The header is missing, repeated or too long.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context) =>
        context.Request.Headers[Header] is [{ Length: > 0 and <= MaximumLength } value]
            ? ValueTask.FromResult(new IdempotencyKey(value))
            : throw new BadHttpRequestException($"The {Header} header is required, once, with 1 to {MaximumLength} characters.");
}
