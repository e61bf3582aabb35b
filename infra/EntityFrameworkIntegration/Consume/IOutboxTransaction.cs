using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>The outbox's transaction, to the saga repository and the courier activity that run inside it.</summary>
interface IOutboxTransaction
{
    DbContext DbContext { get; }

    /// <summary>How many messages have been captured so far.</summary>
    int MessageCount { get; }

    /// <summary>Forgets the messages that were captured after the first <paramref name="count" />.</summary>
    void ForgetMessagesAfter(int count);
}
