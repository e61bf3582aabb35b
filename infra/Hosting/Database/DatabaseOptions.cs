using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Hosting;

/// <summary>Where the service's database is, and as whom the service uses it.</summary>
public sealed class DatabaseOptions
{
    internal const string RuntimeSetting = "ConnectionStrings:Database";
    internal const string OwnerSetting = "ConnectionStrings:DatabaseOwner";

    /// <summary>The runtime role's Npgsql connection string, <c>ConnectionStrings:Database</c>; the role has no DDL rights.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Why <paramref name="value" /> is no usable connection string; null when it is one.</summary>
    internal static string? Mistake(string setting, string? value, IHostEnvironment environment)
    {
        if (string.IsNullOrWhiteSpace(value))
            return $"{setting} is missing: it must be a PostgreSQL connection string such as 'Host=localhost;Database=orders;Username=orders;Password=…'.";

        try
        {
            var parts = new NpgsqlConnectionStringBuilder(value);
            if (string.IsNullOrEmpty(parts.Host) || string.IsNullOrEmpty(parts.Database))
                return $"{setting} must name Host and Database.";

            return DevelopmentPasswords.AreRefused(environment, parts.Password)
                ? $"{setting} {DevelopmentPasswords.WhyRefused(environment)}"
                : null;
        }
        catch (ArgumentException exception)
        {
            // The value holds a password, so only the parser's own words are repeated.
            return $"{setting} is not a PostgreSQL connection string: {exception.Message}";
        }
    }
}

internal sealed class DatabaseOptionsValidator(IHostEnvironment environment) : IValidateOptions<DatabaseOptions>
{
    public ValidateOptionsResult Validate(string? name, DatabaseOptions options) =>
        DatabaseOptions.Mistake(DatabaseOptions.RuntimeSetting, options.ConnectionString, environment) is { } mistake
            ? ValidateOptionsResult.Fail(mistake)
            : ValidateOptionsResult.Success;
}
