using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>
/// Undoes what a courier activity did before it failed. Its failure does not fail the message: MassTransit turns it into the next step of
/// the routing slip, which is committed, and must not be committed with half of the activity's work.
/// </summary>
sealed class ActivityFilter<TContext> : IFilter<TContext>
    where TContext : class, ConsumeContext
{
    const string Savepoint = "activity";

    public async Task Send(TContext context, IPipe<TContext> next)
    {
        var outbox = context.GetPayload<IOutboxTransaction>();
        var transaction = outbox.DbContext.Database.CurrentTransaction
            ?? throw new InvalidOperationException("The outbox's transaction has ended before the activity.");

        // No round trip: it travels with the activity's first statement.
        await transaction.CreateSavepointAsync(Savepoint, context.CancellationToken).ConfigureAwait(false);
        var messages = outbox.MessageCount;
        try
        {
            await next.Send(context).ConfigureAwait(false);
        }
        catch
        {
            await transaction.RollbackToSavepointAsync(Savepoint, CancellationToken.None).ConfigureAwait(false);
            outbox.DbContext.ChangeTracker.Clear();
            outbox.ForgetMessagesAfter(messages);
            throw;
        }
    }

    public void Probe(ProbeContext context)
    {
        context.CreateFilterScope("entityFrameworkOutboxActivity");
    }
}
