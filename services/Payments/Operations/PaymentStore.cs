using System.Data;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Payments.Database;

namespace Payments.Operations;

/// <summary>
/// Changes the payment of one order: the row locked, the rules applied, the change and the messages that it causes
/// committed together, in a transaction of its own. The provider is called between two such changes, never inside one,
/// which is why the endpoints that use this have no transaction around the consumer.
/// </summary>
public sealed class PaymentStore(IServiceScopeFactory scopes, TimeProvider time)
{
    /// <summary>Applies a rule to the payment of an order; what is not known yet is made first.</summary>
    /// <param name="context">The command being handled; answers stay in its conversation.</param>
    /// <param name="orderId">The order.</param>
    /// <param name="change">The rule; called once with the locked payment and the present time.</param>
    public async Task<TResult> ChangeAsync<TResult>(ConsumeContext context, Guid orderId, Func<Payment, DateTimeOffset, TResult> change)
    {
        var cancellationToken = context.CancellationToken;

        // A scope of its own, outside the consumer's, so that messages go through the bus outbox of this transaction.
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<PaymentsDbContext>();
        var publisher = scope.ServiceProvider.GetRequiredService<IPublishEndpoint>();

        await using var transaction = await database.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        var payment = await LockAsync(database, orderId, cancellationToken);
        var result = change(payment, time.GetUtcNow());
        foreach (var message in payment.Messages)
            await publisher.Publish(message, message.GetType(), Pipe.Execute<PublishContext>(publish => publish.ConversationId = context.ConversationId), cancellationToken);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    /// <summary>Applies a rule that has nothing to return.</summary>
    public Task ChangeAsync(ConsumeContext context, Guid orderId, Action<Payment, DateTimeOffset> change) =>
        ChangeAsync(context, orderId, (payment, now) =>
        {
            change(payment, now);
            return payment;
        });

    private async Task<Payment> LockAsync(PaymentsDbContext database, Guid orderId, CancellationToken cancellationToken)
    {
        await database.Database.ExecuteSqlAsync(
            $"INSERT INTO payments (order_id, status, changed_at) VALUES ({orderId}, {nameof(PaymentStatus.Pending)}, {time.GetUtcNow()}) ON CONFLICT DO NOTHING",
            cancellationToken);
        var payment = await database.Payments
            .FromSql($"SELECT * FROM payments WHERE order_id = {orderId} FOR UPDATE")
            .SingleAsync(cancellationToken);

        // A statement of its own: its snapshot must be younger than the lock, or it would miss what the lock was waited for.
        await database.Entry(payment).Collection(p => p.Attempts).LoadAsync(cancellationToken);
        return payment;
    }
}
