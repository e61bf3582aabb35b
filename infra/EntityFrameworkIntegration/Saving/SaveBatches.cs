using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Update;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Saving;

/// <summary>
/// Makes the batches in which EF sends what <c>SaveChanges</c> saves. Each DbContext has its own, which can be told that a save is the
/// last of its transaction.
/// </summary>
sealed class SaveBatches(ModificationCommandBatchFactoryDependencies dependencies, IDbContextOptions options) : IModificationCommandBatchFactory
{
    // Without an option of the application's, the provider's own limit.
    readonly int _largest = RelationalOptionsExtension.Extract(options).MaxBatchSize ?? 1_000;
    readonly ApplicationHooks _hooks = new(dependencies.CurrentContext.Context);

    IReadOnlyList<NpgsqlBatchCommand>? _ending;

    /// <summary>Null if the application makes the batches itself.</summary>
    public static SaveBatches? Of(DbContext context) => context.GetService<IModificationCommandBatchFactory>() as SaveBatches;

    /// <summary>Whether an interceptor of the application's expects to see each transaction begin and end.</summary>
    public bool TransactionsAreWatched => _hooks.OnTransactions;

    public ModificationCommandBatch Create() => new SaveBatch(dependencies, _largest, this);

    /// <summary>Saves, and in the same round trip, if that is safe, carries out what ends the transaction.</summary>
    /// <returns>Whether the transaction has ended.</returns>
    public async Task<bool> SaveAndEnd(DbContext context, IReadOnlyList<NpgsqlBatchCommand> ending, CancellationToken cancellationToken)
    {
        _ending = _hooks.AfterSaving(context) ? null : ending;
        var mayEnd = _ending is not null;
        try
        {
            // A cancellation of what commits would leave the outcome open for nothing.
            await context.SaveChangesAsync(mayEnd ? CancellationToken.None : cancellationToken).ConfigureAwait(false);
            return mayEnd && _ending is null;
        }
        finally
        {
            _ending = null;
        }
    }

    /// <summary>What the last batch of the save is to carry out after its own statements, if anything.</summary>
    public IReadOnlyList<NpgsqlBatchCommand> TakeEnding() => Interlocked.Exchange(ref _ending, null) ?? [];
}
