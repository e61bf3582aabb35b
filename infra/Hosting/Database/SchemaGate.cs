using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Hosting;

/// <summary>Answers 503 to whatever needs the database, until its schema is there.</summary>
internal static class SchemaGate
{
    public static void UseSchemaGate(this WebApplication app)
    {
        if (app.Services.GetService<DatabaseSchema>() is not { } schema)
            return;

        app.Use((context, next) => schema.IsCurrent || !NeedsDatabase(context)
            ? next(context)
            : ServiceUnavailable.WriteAsync(
                context,
                context.RequestServices.GetRequiredService<IProblemDetailsService>(),
                "The database is not ready yet.").AsTask());
    }

    // What is open to everybody (health, the API's description) is what works without data.
    private static bool NeedsDatabase(HttpContext context) =>
        context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null;
}
