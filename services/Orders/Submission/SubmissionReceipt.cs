using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Orders.Submission;

/// <summary>
/// What a caller was answered under an idempotency key. Written in the transaction of the order itself, so there is
/// one if and only if there is the other.
/// </summary>
public sealed class SubmissionReceipt
{
    /// <summary>Keys of different callers never meet.</summary>
    public required string Caller { get; init; }

    public required string Key { get; init; }

    /// <summary>SHA-256 of the request, to tell a repeat from another order under the same key.</summary>
    public required byte[] Fingerprint { get; init; }

    /// <summary>The response's body, as JSON.</summary>
    public required string Response { get; init; }

    public required Guid OrderId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class SubmissionReceiptMapping : IEntityTypeConfiguration<SubmissionReceipt>
{
    public void Configure(EntityTypeBuilder<SubmissionReceipt> builder)
    {
        builder.ToTable("submission_receipts");
        builder.HasKey(receipt => new { receipt.Caller, receipt.Key });
        builder.HasIndex(receipt => receipt.CreatedAt);
    }
}
