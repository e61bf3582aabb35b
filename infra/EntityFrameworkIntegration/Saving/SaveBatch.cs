using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Update;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Update.Internal;

namespace MassTransit.EntityFrameworkCoreIntegration.Saving;

/// <summary>
/// A batch that saves round trips where it only inserts. PostgreSQL carries a batch out as one transaction by itself, and stops it at the
/// first statement that fails; so inserts need no <c>BEGIN</c> before them, and what follows them need not wait for their answer. An update
/// must wait: that it met a newer version is known from its row count alone.
/// </summary>
#pragma warning disable EF1001 // Nothing public knows which statement is the last of a save.
sealed class SaveBatch(ModificationCommandBatchFactoryDependencies dependencies, int largest, SaveBatches owner) :
    NpgsqlModificationCommandBatch(dependencies, largest)
#pragma warning restore EF1001
{
    static readonly ConcurrentDictionary<string, string> Named = [];

    /// <summary>Whether EF has to put a transaction around the batch. As ever, unless it stores messages of the outbox.</summary>
    public override bool RequiresTransaction =>
        base.RequiresTransaction && !(OnlyInserts && ModificationCommands.Any(IsOutboxMessage) && !owner.TransactionsAreWatched);

    bool OnlyInserts => ModificationCommands.All(IsPlainInsert);

    public override void Complete(bool moreBatchesExpected)
    {
        if (!moreBatchesExpected && OnlyInserts)
        {
            foreach (var command in owner.TakeEnding())
                Append(command);
        }

        base.Complete(moreBatchesExpected);
    }

    // EF's own parameters have names, so all must.
    void Append(NpgsqlBatchCommand command)
    {
        SqlBuilder.Append(Named.GetOrAdd(command.CommandText, WithNames, command.Parameters.Count)).AppendLine(";");

        for (var i = 1; i <= command.Parameters.Count; i++)
        {
            var parameter = command.Parameters[i - 1].Clone();
            parameter.ParameterName = Name(i);
            RelationalCommandBuilder.AddRawParameter(parameter.ParameterName, parameter);
        }
    }

    // From the last to the first, since $1 is the beginning of $10.
    static string WithNames(string sql, int parameters)
    {
        for (var i = parameters; i > 0; i--)
            sql = sql.Replace($"${i}", $"@{Name(i)}", StringComparison.Ordinal);
        return sql;
    }

    static string Name(int parameter) => $"outbox{parameter}";

    // A trigger may skip the row, which again is known from the row count alone.
    static bool IsPlainInsert(IReadOnlyModificationCommand command)
    {
        return command is { EntityState: EntityState.Added, StoreStoredProcedure: null, Table: { } table } && !table.Triggers.Any();
    }

    static bool IsOutboxMessage(IReadOnlyModificationCommand command) => command.Entries[0].EntityType.ClrType == typeof(OutboxMessage);
}
