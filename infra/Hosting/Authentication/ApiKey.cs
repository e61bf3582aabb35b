namespace Hosting;

/// <summary>One configured API key (<c>ApiKeys:0</c>, <c>ApiKeys:1</c>, …). The key itself is nowhere, only its hash.</summary>
public sealed class ApiKey
{
    /// <summary>SHA-256 of the key's UTF-8 bytes, as 64 hexadecimal digits.</summary>
    public string Sha256 { get; set; } = "";

    /// <summary><see cref="ApiRoles.Customer" /> or <see cref="ApiRoles.Operator" />.</summary>
    public string Role { get; set; } = "";

    /// <summary>The one customer that a customer's key acts for; must be absent for operators.</summary>
    public string? CustomerId { get; set; }

    /// <summary>Who holds the key, for logs and audit tables; <see cref="CustomerId" /> or the role when absent.</summary>
    public string? Name { get; set; }
}

/// <summary>All API keys that a service accepts.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ApiKeys";

    /// <summary>The keys, in the order of the configuration.</summary>
    public IList<ApiKey> Keys { get; } = [];
}
