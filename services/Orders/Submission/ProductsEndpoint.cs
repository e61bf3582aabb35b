using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Orders.Database;

namespace Orders.Submission;

internal static class ProductsEndpoint
{
    public static void MapProducts(this IEndpointRouteBuilder app) => app
        .MapGet("/products", ListAsync)
        .WithTags("Products")
        .WithSummary("The price list: every product in every currency it is sold in.");

    private static async Task<Ok<Page<Product>>> ListAsync(OrdersDbContext database, CancellationToken cancellationToken)
    {
        var products = await database.Products.AsNoTracking()
            .OrderBy(product => product.Sku).ThenBy(product => product.Currency)
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new Page<Product>(products));
    }
}
