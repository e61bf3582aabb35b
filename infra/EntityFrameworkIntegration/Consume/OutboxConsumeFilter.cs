using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration.Bus;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using MassTransit.Middleware;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>
/// Consumes a message, or a batch, in one transaction: inbox row first, then the consumer, then its messages and the commit. After the
/// commit the messages are sent from memory while the consumed one is already acknowledged.
/// </summary>
sealed class OutboxConsumeFilter<TDbContext, TMessage>(IConsumeScopeProvider scopes, TransactionalOutbox outbox, ConsumerSettings settings) :
    IFilter<ConsumeContext<TMessage>>
    where TDbContext : DbContext
    where TMessage : class
{
    readonly OutboxConsumeOptions _options = new()
    {
        ConsumerId = settings.ConsumerId,
        ConsumerType = settings.ConsumerType,
        MessageDeliveryLimit = settings.MessageDeliveryLimit,
        MessageDeliveryTimeout = settings.MessageDeliveryTimeout,
    };

    public async Task Send(ConsumeContext<TMessage> context, IPipe<ConsumeContext<TMessage>> next)
    {
        var scope = await scopes.GetScope(context).ConfigureAwait(false);
        try
        {
            var dbContext = Resolve(scope);
            var strategy = dbContext.Database.CreateExecutionStrategy();
            if (!strategy.RetriesOnFailure)
            {
                await Consume(scope, dbContext, next).ConfigureAwait(false);
                return;
            }

            await strategy.ExecuteAsync(async () =>
            {
                if (scope is null)
                {
                    // The attempt before failed: start again with nothing of it left.
                    scope = await scopes.GetScope(context).ConfigureAwait(false);
                    dbContext = Resolve(scope);
                    dbContext.ChangeTracker.Clear();
                }

                try
                {
                    await Consume(scope, dbContext, next).ConfigureAwait(false);
                }
                catch
                {
                    var failed = scope;
                    scope = null;
                    await failed.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            }).ConfigureAwait(false);
        }
        finally
        {
            if (scope is not null)
                await scope.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Probe(ProbeContext context)
    {
        var scope = context.CreateFilterScope("entityFrameworkOutbox");
        scope.Add("dbContext", TypeCache<TDbContext>.ShortName);
        scope.Add("consumerId", settings.ConsumerId);
    }

    async Task Consume(IConsumeScopeContext<TMessage> scope, DbContext dbContext, IPipe<ConsumeContext<TMessage>> next)
    {
        var context = scope.Context;
        if (context.TryGetPayload<IOutboxTransaction>(out var outer) && ReferenceEquals(outer.DbContext, dbContext))
        {
            // Configured twice, for example by a convention and by a definition: one transaction is enough.
            await next.Send(context).ConfigureAwait(false);
            return;
        }

        var started = outbox.Time.GetTimestamp();
        var messageIds = InboxMembers<TMessage>.Instance.MessageIds(context);

        IReadOnlyList<Capture.OutgoingMessage> messages;
        bool direct;
        Guid transactionId;
        await using (var transaction = await ConsumeTransaction.Begin(dbContext, outbox.Options.IsolationLevel, context.CancellationToken).ConfigureAwait(false))
        {
            var remaining = await transaction.InsertInbox(messageIds, settings.ConsumerId, context.CancellationToken).ConfigureAwait(false);
            if (remaining.Count < messageIds.Length)
                outbox.Metrics.Duplicates(messageIds.Length - remaining.Count);
            if (remaining.Count == 0)
            {
                LogContext.Debug?.Log("Dropped a duplicate: {MessageId} had been consumed by {ConsumerType}", context.MessageId, settings.ConsumerType);
                if (context.ReceiveContext is { IsDelivered: false, IsFaulted: false })
                    await context.NotifyConsumed(context, outbox.Time.GetElapsedTime(started), settings.ConsumerType).ConfigureAwait(false);
                return;
            }

            OutboxConsumeContext<TMessage> consumeContext = new(
                InboxMembers<TMessage>.Instance.Keep(context, remaining), _options, Services(scope), dbContext, outbox.Time);
            using var pop = scope.PushConsumeContext(consumeContext);

            await next.Send(consumeContext).ConfigureAwait(false);
            await consumeContext.ConsumeCompleted.ConfigureAwait(false);

            transactionId = transaction.Id;
            messages = consumeContext.Close();
            direct = outbox.Delivery.HasRoom;
            try
            {
                await transaction.Commit(messages, outbox.BusName, direct ? outbox.Options.LeaseDuration : TimeSpan.Zero, context.CancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                if (!context.ReceiveContext.IsFaulted)
                {
                    await consumeContext.NotifyFaulted(consumeContext, outbox.Time.GetElapsedTime(started), settings.ConsumerType, exception)
                        .ConfigureAwait(false);
                }

                throw;
            }
        }

        // What the consumer sent through another bus's outbox was saved in the same transaction.
        var scopeMessages = ScopeMessages.Find(dbContext);
        outbox.Metrics.Consumed(outbox.Time.GetElapsedTime(started));
        if (scopeMessages is not null)
            await scopeMessages.Committed(transactionId).ConfigureAwait(false);

        if (messages.Count == 0)
            return;
        if (direct)
            await outbox.SendCommitted(messages, settings.MessageDeliveryLimit, settings.MessageDeliveryTimeout).ConfigureAwait(false);
        else
            outbox.Sweeper.Wake();
    }

    static DbContext Resolve(IConsumeScopeContext<TMessage> scope)
    {
        return OutboxDatabase.Resolve(Services(scope), typeof(TDbContext));
    }

    static IServiceProvider Services(IConsumeScopeContext<TMessage> scope) => scope.Context.GetPayload<IServiceScope>().ServiceProvider;
}
