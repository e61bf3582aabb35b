using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Orders.Submission;

/// <summary>A line of the price list: what one piece costs in one currency.</summary>
public sealed class Product
{
    public required string Sku { get; init; }

    /// <summary>ISO 4217 alphabetic code.</summary>
    public required string Currency { get; init; }

    public required string Name { get; init; }

    /// <summary>In the currency's minor unit.</summary>
    public required long UnitPrice { get; init; }
}

internal sealed class ProductMapping : IEntityTypeConfiguration<Product>
{
    public void Configure(EntityTypeBuilder<Product> builder)
    {
        builder.ToTable("products");
        builder.HasKey(product => new { product.Sku, product.Currency });
    }
}
