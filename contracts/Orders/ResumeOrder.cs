using MassTransit;

namespace Contracts.Orders;

/// <summary>Command of an operator: try the step again that left the order needing attention.</summary>
[MessageUrn("orders:resume-order")]
[EntityName("orders:resume-order")]
public sealed record ResumeOrder
{
    public required Guid OrderId { get; init; }
}
