using Microsoft.EntityFrameworkCore;
using Notifications.Database;

namespace Notifications.Delivery;

/// <summary>Writes notifications down, once for each order and kind, whatever tells of them how often.</summary>
public sealed class NotificationWriter(NotificationsDbContext database, TimeProvider time)
{
    public Task WriteAsync(Guid orderId, NotificationKind kind, string customerId, (string Subject, string Body) text, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return database.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO notifications (order_id, kind, customer_id, subject, body, state, created_at, next_attempt_at, attempts)
            VALUES ({orderId}, {kind.ToString()}, {customerId}, {text.Subject}, {text.Body}, {nameof(NotificationState.Pending)}, {now}, {now}, 0)
            ON CONFLICT DO NOTHING
            """,
            cancellationToken);
    }
}
