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
    const string Name = "outbox";

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
        SqlBuilder.Append(Named.GetOrAdd(command.CommandText, WithNames)).AppendLine(";");

        foreach (var (i, parameter) in command.Parameters.Select(x => x.Clone()).Index())
        {
            parameter.ParameterName = $"{Name}{i + 1}";
            RelationalCommandBuilder.AddRawParameter(parameter.ParameterName, parameter);
        }
    }

    // $1 becomes @outbox1, except in the quotes of the tables' and columns' names.
    static string WithNames(string sql)
    {
        return string.Join('"', sql.Split('"').Select((x, i) => i % 2 == 0 ? x.Replace("$", $"@{Name}", StringComparison.Ordinal) : x));
    }

    // A trigger may skip the row, which again is known from the row count alone.
    static bool IsPlainInsert(IReadOnlyModificationCommand command)
    {
        return command is { EntityState: EntityState.Added, StoreStoredProcedure: null, Table: { } table } && !table.Triggers.Any();
    }

    static bool IsOutboxMessage(IReadOnlyModificationCommand command) => command.Entries[0].EntityType.ClrType == typeof(OutboxMessage);
}
