using Microsoft.Extensions.Options;

namespace Hosting;

internal sealed class OtlpOptions
{
    /// <summary>The standard variable; the exporter reads it, and its companions, itself.</summary>
    public const string Setting = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public string? Endpoint { get; set; }
}

internal sealed class OtlpOptionsValidator : IValidateOptions<OtlpOptions>
{
    public ValidateOptionsResult Validate(string? name, OtlpOptions options) =>
        string.IsNullOrEmpty(options.Endpoint) || (Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https"))
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{OtlpOptions.Setting} must be an absolute URL such as http://localhost:4317.");
}
