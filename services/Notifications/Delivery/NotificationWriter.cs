using Microsoft.EntityFrameworkCore;
using Notifications.Database;

namespace Notifications.Delivery;

/// <summary>Writes notifications down, once for each order and kind, whatever tells of them how often.</summary>
public sealed class NotificationWriter(NotificationsDbContext database, TimeProvider time)
{
    public Task WriteAsync(NotificationDraft draft, NotificationState state, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO notifications (order_id, kind, customer_id, subject, body, state, created_at, next_attempt_at, attempts)
            VALUES ({draft.OrderId}, {draft.Kind.ToString()}, {draft.CustomerId}, {draft.Subject}, {draft.Body}, {state.ToString()}, {now}, {now}, 0)
            ON CONFLICT DO NOTHING
            """,
            cancellationToken);
    }
}
