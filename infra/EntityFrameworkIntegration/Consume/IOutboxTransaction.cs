using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>Tells a saga repository that it runs inside the outbox's transaction.</summary>
interface IOutboxTransaction
{
    DbContext DbContext { get; }
}
