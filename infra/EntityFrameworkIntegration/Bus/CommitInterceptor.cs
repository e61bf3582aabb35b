using System.Data.Common;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;

namespace MassTransit.EntityFrameworkCoreIntegration.Bus;

/// <summary>Marks the outbox's own interceptor among the application's.</summary>
interface ICommitInterceptor;

/// <summary>
/// Follows the scope's SaveChanges and transactions, so that messages are sent when, and only when, the transaction that stored them is
/// committed.
/// </summary>
sealed class CommitInterceptor<TDbContext> : SaveChangesInterceptor, IDbTransactionInterceptor, ICommitInterceptor
    where TDbContext : DbContext
{
    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        ScopeMessages.Find(eventData.Context)?.Saving();
        return result;
    }

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result,
        CancellationToken cancellationToken = default)
    {
        ScopeMessages.Find(eventData.Context)?.Saving();
        return ValueTask.FromResult(result);
    }

    public override int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        _ = Saved(eventData.Context);
        return result;
    }

    public override async ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result,
        CancellationToken cancellationToken = default)
    {
        await Saved(eventData.Context).ConfigureAwait(false);
        return result;
    }

    public override void SaveChangesFailed(DbContextErrorEventData eventData) => ScopeMessages.Find(eventData.Context)?.SaveFailed();

    public override Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        ScopeMessages.Find(eventData.Context)?.SaveFailed();
        return Task.CompletedTask;
    }

    public override void SaveChangesCanceled(DbContextEventData eventData) => ScopeMessages.Find(eventData.Context)?.SaveFailed();

    public override Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        ScopeMessages.Find(eventData.Context)?.SaveFailed();
        return Task.CompletedTask;
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => _ = Committed(eventData);

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        return Committed(eventData);
    }

    public void TransactionRolledBack(DbTransaction transaction, TransactionEndEventData eventData) => RolledBack(eventData);

    public Task TransactionRolledBackAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        RolledBack(eventData);
        return Task.CompletedTask;
    }

    public void RolledBackToSavepoint(DbTransaction transaction, TransactionEventData eventData) => RolledBack(eventData);

    public Task RolledBackToSavepointAsync(DbTransaction transaction, TransactionEventData eventData, CancellationToken cancellationToken = default)
    {
        RolledBack(eventData);
        return Task.CompletedTask;
    }

    public void TransactionFailed(DbTransaction transaction, TransactionErrorEventData eventData) => RolledBack(eventData);

    public Task TransactionFailedAsync(DbTransaction transaction, TransactionErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        RolledBack(eventData);
        return Task.CompletedTask;
    }

    static Task Saved(DbContext? context)
    {
        if (context is null || ScopeMessages.Find(context) is not { } scope)
            return Task.CompletedTask;

        if (context.Database.CurrentTransaction is { } transaction)
        {
            scope.Saved(transaction.TransactionId);
            return Task.CompletedTask;
        }

        var messages = scope.TakeSaved();
        if ((context.Database.GetEnlistedTransaction() ?? Transaction.Current) is not { } ambient)
            return messages.Send();

        ambient.TransactionCompleted += (_, completed) =>
        {
            if (completed.Transaction?.TransactionInformation.Status == TransactionStatus.Committed)
                _ = messages.Send();
        };
        return Task.CompletedTask;
    }

    static Task Committed(TransactionEndEventData eventData)
    {
        return ScopeMessages.Find(eventData.Context)?.Committed(eventData.TransactionId) ?? Task.CompletedTask;
    }

    static void RolledBack(TransactionEventData eventData) => ScopeMessages.Find(eventData.Context)?.RolledBack();
}
