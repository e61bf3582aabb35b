using System.Buffers.Binary;
using System.Security.Cryptography;
using MassTransit.Batching;
using MassTransit.Context;
using MassTransit.Courier.Contracts;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>Which message ids a consume context stands for: one, or those of a batch's members.</summary>
abstract class InboxMembers<TMessage>
    where TMessage : class
{
    public static readonly InboxMembers<TMessage> Instance = Create();

    public abstract Guid[] MessageIds(ConsumeContext<TMessage> context);

    /// <summary>The context without the members that are not in <paramref name="remaining" />.</summary>
    public abstract ConsumeContext<TMessage> Keep(ConsumeContext<TMessage> context, HashSet<Guid> remaining);

    static InboxMembers<TMessage> Create()
    {
        if (!typeof(TMessage).IsGenericType || typeof(TMessage).GetGenericTypeDefinition() != typeof(Batch<>))
            return new SingleMessage<TMessage>();

        var members = typeof(BatchOfMessages<>).MakeGenericType(typeof(TMessage).GetGenericArguments());
        return (InboxMembers<TMessage>)Activator.CreateInstance(members)!;
    }
}

sealed class SingleMessage<TMessage> : InboxMembers<TMessage>
    where TMessage : class
{
    public override Guid[] MessageIds(ConsumeContext<TMessage> context) => [InboxMessageId.Of(context)];

    public override ConsumeContext<TMessage> Keep(ConsumeContext<TMessage> context, HashSet<Guid> remaining) => context;
}

sealed class BatchOfMessages<TMember> : InboxMembers<Batch<TMember>>
    where TMember : class
{
    public override Guid[] MessageIds(ConsumeContext<Batch<TMember>> context) => [.. context.Message.Select(InboxMessageId.Of).Distinct()];

    public override ConsumeContext<Batch<TMember>> Keep(ConsumeContext<Batch<TMember>> context, HashSet<Guid> remaining)
    {
        var batch = context.Message;
        List<ConsumeContext<TMember>> kept = [];
        foreach (var member in batch)
        {
            if (remaining.Remove(InboxMessageId.Of(member)))
                kept.Add(member);
        }

        return kept.Count == batch.Length
            ? context
            : new BatchConsumeContext<TMember>(context,
                new MessageBatch<TMember>(batch.FirstMessageReceived, batch.LastMessageReceived, batch.Mode, kept));
    }
}

static class InboxMessageId
{
    public static Guid Of<T>(ConsumeContext<T> context)
        where T : class
    {
        var messageId = context.GetOriginalMessageId()
            ?? throw new MessageException(typeof(T), "The message has no MessageId, which the inbox needs to tell a duplicate from a new message.");

        return context.Message is RoutingSlip slip ? OfStep(messageId, slip) : messageId;
    }

    // A routing slip keeps its message id from the first step to the last, and may come to the same activity more than once. With each
    // activity that is done its logs grow, and with each that is compensated they shrink.
    static Guid OfStep(Guid messageId, RoutingSlip slip)
    {
        Span<byte> step = stackalloc byte[24];
        messageId.TryWriteBytes(step);
        BinaryPrimitives.WriteInt32LittleEndian(step[16..], slip.ActivityLogs?.Count ?? 0);
        BinaryPrimitives.WriteInt32LittleEndian(step[20..], slip.CompensateLogs?.Count ?? 0);
        return new Guid(SHA256.HashData(step).AsSpan(0, 16));
    }
}
