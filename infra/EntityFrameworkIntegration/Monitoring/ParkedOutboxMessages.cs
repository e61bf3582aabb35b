using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration;

/// <summary>Parked messages: those the broker has refused too often. They stay in the outbox table until someone decides.</summary>
public static class ParkedOutboxMessages
{
    /// <summary>The parked messages, each with its <see cref="OutboxMessage.LastError" />.</summary>
    /// <param name="context">The DbContext with the outbox.</param>
    public static IQueryable<OutboxMessage> GetParkedOutboxMessages(this DbContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        return Parked(context).AsNoTracking();
    }

    /// <summary>Has parked messages tried again from the first attempt on, by the next look of any instance's sweeper.</summary>
    /// <param name="context">The DbContext with the outbox.</param>
    /// <param name="ids">The rows' <see cref="OutboxMessage.Id" />; null for every parked message.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>How many messages that were.</returns>
    public static Task<int> SendParkedOutboxMessagesAgainAsync(this DbContext context, IReadOnlyCollection<Guid>? ids = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);

        var parked = Parked(context);
        if (ids is not null)
            parked = parked.Where(x => ids.Contains(x.Id));

        return parked.ExecuteUpdateAsync(x => x
            .SetProperty(m => m.ParkedTime, (DateTime?)null)
            .SetProperty(m => m.Attempts, 0)
            .SetProperty(m => m.Due, m => m.SentTime), cancellationToken);
    }

    /// <summary>Deletes parked messages for good.</summary>
    /// <param name="context">The DbContext with the outbox.</param>
    /// <param name="ids">The rows' <see cref="OutboxMessage.Id" />.</param>
    /// <param name="cancellationToken">Cancels the delete.</param>
    /// <returns>How many messages that were.</returns>
    public static Task<int> DiscardParkedOutboxMessagesAsync(this DbContext context, IReadOnlyCollection<Guid> ids,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(ids);

        return Parked(context).Where(x => ids.Contains(x.Id)).ExecuteDeleteAsync(cancellationToken);
    }

    // A parked row has been tried, which its index knows.
    static IQueryable<OutboxMessage> Parked(DbContext context)
    {
        return context.Set<OutboxMessage>().Where(x => x.Attempts > 0 && x.ParkedTime != null);
    }
}
