namespace Hosting;

/// <summary>The roles an API key can have, and the names of the authorization policies that ask for them.</summary>
public static class ApiRoles
{
    /// <summary>
    /// A key with this role acts for one customer. The policy of this name lets operators in as well:
    /// they may do on anyone's behalf what a customer may do for itself.
    /// </summary>
    public const string Customer = "customer";

    /// <summary>A key with this role acts for the company. The policy of this name lets only operators in.</summary>
    public const string Operator = "operator";
}
