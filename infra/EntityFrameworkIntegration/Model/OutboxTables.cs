using System.Runtime.CompilerServices;
using MassTransit.EntityFrameworkCoreIntegration.Delivery;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace MassTransit.EntityFrameworkCoreIntegration.Model;

/// <summary>
/// The tables and columns as the application's model names them, quoted for SQL. Read once per model.
/// </summary>
sealed class OutboxTables
{
    static readonly ConditionalWeakTable<IModel, OutboxTables> Cache = [];

    OutboxTables(DbContext context)
    {
        var inbox = Table<InboxState>(context);
        Inbox = inbox.Name;
        InboxMessageId = inbox.Column(nameof(InboxState.MessageId));
        InboxConsumerId = inbox.Column(nameof(InboxState.ConsumerId));
        InboxConsumed = inbox.Column(nameof(InboxState.Consumed));

        var outbox = Table<OutboxMessage>(context);
        Outbox = outbox.Name;
        Id = outbox.Column(nameof(OutboxMessage.Id));
        BusName = outbox.Column(nameof(OutboxMessage.BusName));
        MessageId = outbox.Column(nameof(OutboxMessage.MessageId));
        DestinationAddress = outbox.Column(nameof(OutboxMessage.DestinationAddress));
        ContentType = outbox.Column(nameof(OutboxMessage.ContentType));
        Body = outbox.Column(nameof(OutboxMessage.Body));
        Transport = outbox.Column(nameof(OutboxMessage.Transport));
        SentTime = outbox.Column(nameof(OutboxMessage.SentTime));
        Due = outbox.Column(nameof(OutboxMessage.Due));
        ExpirationTime = outbox.Column(nameof(OutboxMessage.ExpirationTime));
        Attempts = outbox.Column(nameof(OutboxMessage.Attempts));
        LastError = outbox.Column(nameof(OutboxMessage.LastError));
        ParkedTime = outbox.Column(nameof(OutboxMessage.ParkedTime));

        var state = Table<OutboxState>(context);
        State = state.Name;
        StateBusName = state.Column(nameof(OutboxState.BusName));
        StateInboxTrimmed = state.Column(nameof(OutboxState.InboxTrimmed));

        Statements = new OutboxStatements(this);
    }

    /// <summary>The SQL on these tables.</summary>
    public OutboxStatements Statements { get; }

    public string Inbox { get; }
    public string InboxMessageId { get; }
    public string InboxConsumerId { get; }
    public string InboxConsumed { get; }

    public string Outbox { get; }
    public string Id { get; }
    public string BusName { get; }
    public string MessageId { get; }
    public string DestinationAddress { get; }
    public string ContentType { get; }
    public string Body { get; }
    public string Transport { get; }
    public string SentTime { get; }
    public string Due { get; }
    public string ExpirationTime { get; }
    public string Attempts { get; }
    public string LastError { get; }
    public string ParkedTime { get; }

    public string State { get; }
    public string StateBusName { get; }
    public string StateInboxTrimmed { get; }

    /// <exception cref="ConfigurationException">An entity is not in the model, or the provider is not Npgsql.</exception>
    public static OutboxTables Of(DbContext context)
    {
        return Cache.TryGetValue(context.Model, out var tables) ? tables : Cache.GetValue(context.Model, _ => new OutboxTables(context));
    }

    static TableNames Table<TEntity>(DbContext context)
        where TEntity : class
    {
        const string postgres = "Npgsql.EntityFrameworkCore.PostgreSQL";

        if (context.Database.ProviderName != postgres)
        {
            throw new ConfigurationException(
                $"{context.GetType().Name} uses the provider {context.Database.ProviderName ?? "(none)"}, but the outbox works on PostgreSQL only: configure the DbContext with UseNpgsql.");
        }

        var entity = context.Model.FindEntityType(typeof(TEntity))
            ?? throw new ConfigurationException(
                $"{typeof(TEntity).Name} is not in the model of {context.GetType().Name}: call modelBuilder.AddTransactionalOutboxEntities() in OnModelCreating, and add the tables in a migration with migrationBuilder.CreateOutboxTables().");

        return new TableNames(entity);
    }

    sealed class TableNames(IEntityType entity)
    {
        readonly StoreObjectIdentifier _table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)
            ?? throw new ConfigurationException($"{entity.ClrType.Name} is not mapped to a table.");

        public string Name => _table.Schema is null ? Quote(_table.Name) : $"{Quote(_table.Schema)}.{Quote(_table.Name)}";

        public string Column(string property)
        {
            return Quote(entity.FindProperty(property)?.GetColumnName(_table)
                ?? throw new ConfigurationException($"{entity.ClrType.Name}.{property} is not mapped to a column."));
        }

        static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
