using System.Security.Cryptography;
using System.Text;

namespace Hosting;

/// <summary>
/// The keys of the local stack. They are public knowledge, so they are accepted in the environment Development only,
/// and anywhere else a service that is configured with one of them refuses to start.
/// </summary>
public static class DevelopmentKeys
{
    /// <summary>An operator's key.</summary>
    public const string Operator = "dev-operator";

    /// <summary>The key of the customer <c>ada</c>.</summary>
    public const string Ada = "dev-ada";

    /// <summary>The key of the customer <c>grace</c>.</summary>
    public const string Grace = "dev-grace";

    internal static IReadOnlyList<ApiKey> All { get; } =
    [
        new() { Sha256 = Hash(Operator), Role = ApiRoles.Operator, Name = Operator },
        new() { Sha256 = Hash(Ada), Role = ApiRoles.Customer, CustomerId = "ada", Name = Ada },
        new() { Sha256 = Hash(Grace), Role = ApiRoles.Customer, CustomerId = "grace", Name = Grace },
    ];

    internal static bool Contains(ApiKey key) =>
        All.Any(known => known.Sha256.Equals(key.Sha256, StringComparison.OrdinalIgnoreCase));

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
