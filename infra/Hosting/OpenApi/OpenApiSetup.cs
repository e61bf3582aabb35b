using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.OpenApi;

namespace Hosting;

internal static class OpenApiSetup
{
    private const string DocumentPath = "/openapi/v1.json";
    private const string Scheme = "apiKey";

    public static void AddOpenApiDocument(this IHostApplicationBuilder builder) =>
        builder.Services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key: Authorization: Bearer <key>.",
            };
            document.Security ??= [];
            document.Security.Add(new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] });
            return Task.CompletedTask;
        }));

    /// <summary>The page is open to everybody, so it stands before whatever asks for a key.</summary>
    public static void UseOpenApiPage(this WebApplication app) => app.UseSwaggerUI(page =>
    {
        page.SwaggerEndpoint(DocumentPath, app.Environment.ApplicationName);
        page.DocumentTitle = app.Environment.ApplicationName;
    });

    public static void MapOpenApiDocument(this WebApplication app) => app.MapOpenApi().AllowAnonymous();
}
