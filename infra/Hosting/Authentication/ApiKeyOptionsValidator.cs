using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Hosting;

internal sealed class ApiKeyOptionsValidator(IHostEnvironment environment) : IValidateOptions<ApiKeyOptions>
{
    private const int Sha256HexDigits = 64;

    public ValidateOptionsResult Validate(string? name, ApiKeyOptions options)
    {
        var failures = options.Keys.SelectMany(Failures).ToList();
        if (options.Keys.Count == 0)
            failures.Add($"{ApiKeyOptions.Section} is empty: without a key nobody can call this service. Outside Development set at least {ApiKeyOptions.Section}:0:Sha256 and {ApiKeyOptions.Section}:0:Role.");

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> Failures(ApiKey key, int index)
    {
        var setting = $"{ApiKeyOptions.Section}:{index}";

        if (key.Sha256.Length != Sha256HexDigits || !key.Sha256.All(char.IsAsciiHexDigit))
            yield return $"{setting}:Sha256 must be the SHA-256 of the key as {Sha256HexDigits} hexadecimal digits.";
        else if (!environment.IsDevelopment() && DevelopmentKeys.Contains(key))
            yield return $"{setting}:Sha256 is the hash of a development key, which everybody knows; it is refused in the environment {environment.EnvironmentName}.";

        if (key.Role is not (ApiRoles.Customer or ApiRoles.Operator))
            yield return $"{setting}:Role must be '{ApiRoles.Customer}' or '{ApiRoles.Operator}'.";

        if (key.Role == ApiRoles.Customer && !CustomerId.IsValid(key.CustomerId))
            yield return $"{setting}:CustomerId must name the customer that the key acts for: {CustomerId.Rule}.";

        if (key.Role == ApiRoles.Operator && key.CustomerId is not null)
            yield return $"{setting}:CustomerId must be absent: an operator acts for every customer.";
    }
}
