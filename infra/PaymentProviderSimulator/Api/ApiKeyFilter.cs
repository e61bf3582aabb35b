using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace PaymentProviderSimulator.Api;

/// <summary>Lets in whoever shows the configured key as a bearer token.</summary>
public sealed class ApiKeyFilter(IOptions<SimulatorOptions> options) : IEndpointFilter
{
    private readonly byte[] _expected = Encoding.UTF8.GetBytes($"Bearer {options.Value.ApiKey}");

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var shown = Encoding.UTF8.GetBytes(context.HttpContext.Request.Headers.Authorization.ToString());
        return CryptographicOperations.FixedTimeEquals(shown, _expected)
            ? await next(context)
            : Problems.Create(StatusCodes.Status401Unauthorized, "invalid_api_key", "The Authorization header must be: Bearer <API key>.");
    }
}
