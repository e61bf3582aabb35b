using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Hosting;

/// <summary>
/// Reads <c>Authorization: Bearer &lt;API key&gt;</c>. To move to an identity provider, replace this scheme in
/// <see cref="AuthenticationSetup" /> by one that issues the same three claims: name, role and customer id.
/// </summary>
internal sealed class ApiKeyAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> schemeOptions,
    IOptions<ApiKeyOptions> keys,
    ILoggerFactory logger,
    UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(schemeOptions, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    private const string Prefix = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = Prefix.TrimEnd();
        return Task.CompletedTask;
    }

    private AuthenticateResult Authenticate()
    {
        string? header = Request.Headers[HeaderNames.Authorization];
        if (header is null || !header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return AuthenticateResult.NoResult();

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(header[Prefix.Length..].Trim()));

        return Find(hash) is { } key
            ? AuthenticateResult.Success(new AuthenticationTicket(Principal(key), SchemeName))
            : AuthenticateResult.Fail("Unknown API key.");
    }

    // Every key is compared, in constant time each, so that the time taken tells nothing about the keys.
    private ApiKey? Find(byte[] hash)
    {
        ApiKey? found = null;
        foreach (var key in keys.Value.Keys)
        {
            if (CryptographicOperations.FixedTimeEquals(Convert.FromHexString(key.Sha256), hash))
                found = key;
        }

        return found;
    }

    private static ClaimsPrincipal Principal(ApiKey key)
    {
        var identity = new ClaimsIdentity(SchemeName);
        identity.AddClaim(new Claim(ClaimTypes.Name, key.Name ?? key.CustomerId ?? key.Role));
        identity.AddClaim(new Claim(ClaimTypes.Role, key.Role));
        if (key.CustomerId is not null)
            identity.AddClaim(new Claim(CallerExtensions.CustomerIdClaim, key.CustomerId));
        return new ClaimsPrincipal(identity);
    }
}
