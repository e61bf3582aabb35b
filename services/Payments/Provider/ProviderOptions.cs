using System.ComponentModel.DataAnnotations;
using Hosting;
using Microsoft.Extensions.Options;

namespace Payments.Provider;

/// <summary>The settings under <c>Provider</c>: where the card provider is, and how patiently it is asked.</summary>
public sealed class ProviderOptions
{
    public const string Section = "Provider";

    /// <summary>Root of the provider's HTTP API, such as <c>https://provider.example/</c>.</summary>
    [Required(ErrorMessage = "Provider:BaseAddress is missing: the root of the payment provider's HTTP API.")]
    public Uri? BaseAddress { get; set; }

    /// <summary>The key that the provider has given us.</summary>
    [Required(ErrorMessage = "Provider:ApiKey is missing: the key that the payment provider has given us.")]
    public string? ApiKey { get; set; }

    /// <summary>How long one call may take, its answer's body included. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:02:00", ErrorMessage = "Provider:AttemptTimeout must lie between 100 ms and 2 minutes.")]
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an operation may take, all retries and waits included. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ErrorMessage = "Provider:TotalTimeout must lie between 100 ms and 10 minutes.")]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Calls after the first. Default 6.</summary>
    [Range(1, 100, ErrorMessage = "Provider:Retries must lie between 1 and 100.")]
    public int Retries { get; set; } = 6;

    /// <summary>The longest wait before the first retry; it doubles with each, and each wait is drawn between nothing and it. Default 200 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00", ErrorMessage = "Provider:FirstDelay must lie between 1 ms and 1 minute.")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>No wait is longer. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:05:00", ErrorMessage = "Provider:LongestDelay must lie between 1 ms and 5 minutes.")]
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Calls under way at once, in this process. Default 32.</summary>
    [Range(1, 10_000, ErrorMessage = "Provider:ConcurrentCalls must lie between 1 and 10000.")]
    public int ConcurrentCalls { get; set; } = 32;

    /// <summary>The share of failed calls from which on the provider is left alone. Default 0.5.</summary>
    [Range(0.01, 1.0, ErrorMessage = "Provider:BreakerFailureRatio must lie between 0.01 and 1.")]
    public double BreakerFailureRatio { get; set; } = 0.5;

    /// <summary>Fewer calls within <see cref="BreakerWindow" /> say nothing. Default 10.</summary>
    [Range(2, 10_000, ErrorMessage = "Provider:BreakerMinimumCalls must lie between 2 and 10000.")]
    public int BreakerMinimumCalls { get; set; } = 10;

    /// <summary>Over how long failures are counted. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00", ErrorMessage = "Provider:BreakerWindow must lie between 500 ms and 10 minutes.")]
    public TimeSpan BreakerWindow { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the provider is left alone before one call tries it again. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00", ErrorMessage = "Provider:BreakDuration must lie between 500 ms and 10 minutes.")]
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>The rules that no single setting can state.</summary>
internal sealed class ProviderOptionsValidator(IHostEnvironment environment) : IValidateOptions<ProviderOptions>
{
    public ValidateOptionsResult Validate(string? name, ProviderOptions options)
    {
        if (options.BaseAddress is { } address && (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https")))
            return ValidateOptionsResult.Fail("Provider:BaseAddress must be an absolute http or https address.");
        if (DevelopmentPasswords.AreRefused(environment, options.ApiKey))
            return ValidateOptionsResult.Fail($"Provider:ApiKey {DevelopmentPasswords.WhyRefused(environment)}");
        return options.TotalTimeout < options.AttemptTimeout
            ? ValidateOptionsResult.Fail("Provider:TotalTimeout must not be shorter than Provider:AttemptTimeout.")
            : ValidateOptionsResult.Success;
    }
}
