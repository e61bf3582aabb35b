using System.Security.Claims;

namespace Hosting;

/// <summary>Who is calling, and what is theirs.</summary>
public static class CallerExtensions
{
    internal const string CustomerIdClaim = "customer_id";

    /// <summary>The customer that the caller acts for; null for operators, who act for all.</summary>
    public static string? CustomerId(this ClaimsPrincipal caller) => caller.FindFirstValue(CustomerIdClaim);

    /// <summary>The caller's name for logs and audit tables.</summary>
    public static string CallerName(this ClaimsPrincipal caller) => caller.Identity?.Name ?? "";

    /// <summary>Whether what belongs to <paramref name="customerId" /> may be seen and changed by the caller.</summary>
    public static bool MayActFor(this ClaimsPrincipal caller, string customerId) =>
        caller.IsInRole(ApiRoles.Operator) || string.Equals(caller.CustomerId(), customerId, StringComparison.Ordinal);
}
