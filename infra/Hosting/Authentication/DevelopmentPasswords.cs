using Microsoft.Extensions.Hosting;

namespace Hosting;

/// <summary>
/// The passwords of the local stack all begin with <c>dev-</c>. Like the development keys they are public knowledge, and
/// outside the environment Development a service that is configured with one of them refuses to start.
/// </summary>
public static class DevelopmentPasswords
{
    private const string Prefix = "dev-";

    /// <summary>Whether the password is a development password where it must not be.</summary>
    public static bool AreRefused(IHostEnvironment environment, string? password) =>
        !environment.IsDevelopment() && password is not null && password.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The rest of a sentence that begins with the setting's name.</summary>
    public static string WhyRefused(IHostEnvironment environment) =>
        $"holds a development password, which everybody knows; it is refused in the environment {environment.EnvironmentName}.";
}
