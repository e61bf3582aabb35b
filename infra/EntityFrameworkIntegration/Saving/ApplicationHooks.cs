using System.Runtime.CompilerServices;
using MassTransit.EntityFrameworkCoreIntegration.Bus;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace MassTransit.EntityFrameworkCoreIntegration.Saving;

/// <summary>What an application runs around the transactions and saves of a DbContext, which has to find them as EF documents them.</summary>
sealed class ApplicationHooks(DbContext context)
{
    readonly bool _onSaves = Any<ISaveChangesInterceptor>(context) || OverridesSaveChanges(context.GetType());

    /// <summary>Whether an interceptor follows the transactions.</summary>
    public bool OnTransactions { get; } = Any<IDbTransactionInterceptor>(context);

    /// <summary>Whether something runs between the last statement of a <c>SaveChanges</c> and its end.</summary>
    public bool AfterSaving(DbContext context) => _onSaves || SavedChanges(context) is not null;

    static bool Any<TInterceptor>(DbContext context)
        where TInterceptor : class, IInterceptor
    {
        return context.GetService<IInterceptors>().Aggregate<TInterceptor>() is not (null or ICommitInterceptor);
    }

    static bool OverridesSaveChanges(Type context)
    {
        return IsOverridden([typeof(CancellationToken)]) || IsOverridden([typeof(bool), typeof(CancellationToken)]);

        bool IsOverridden(Type[] parameters) =>
            context.GetMethod(nameof(DbContext.SaveChangesAsync), parameters)!.DeclaringType != typeof(DbContext);
    }

    // EF tells nobody whether there are subscribers.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = nameof(DbContext.SavedChanges))]
    static extern ref EventHandler<SavedChangesEventArgs>? SavedChanges(DbContext context);
}
