using Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Notifications.Database;
using Npgsql;

namespace Notifications.Delivery;

/// <summary>
/// Sends what is written down. Each mail is claimed first (committed, no transaction is open during the conversation), sent,
/// then marked as sent. A mail server that is away delays mails and loses none. If the process dies between the server's
/// acceptance and the mark, the mail goes out again with the same Message-ID: SMTP offers no way to ask.
/// </summary>
public sealed class MailDelivery(
    IServiceScopeFactory scopes,
    MailSender sender,
    DeliverySignal signal,
    DatabaseSchema schema,
    IOptions<SmtpOptions> options,
    TimeProvider time,
    ILogger<MailDelivery> logger) : BackgroundService
{
    // Long enough that nobody takes a mail for abandoned whose conversation is still bounded by its timeout.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // Without a signal: what another instance wrote, or what is due again.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly SmtpOptions _smtp = options.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var claimed = await ClaimAsync(stoppingToken);
                await Task.WhenAll(claimed.Select(notification => DeliverAsync(notification, stoppingToken)));
                if (claimed.Count == 0)
                    await signal.WaitAsync(LookAgain, time, stoppingToken);
            }
            catch (Exception exception) when (exception is DbUpdateException or NpgsqlException || DatabaseOutage.Explains(exception))
            {
                logger.LogWarning(exception, "The database is not available; mails wait");
                await Task.Delay(LookAgain, time, stoppingToken);
            }
        }
    }

    private async Task<IReadOnlyList<Notification>> ClaimAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<NotificationsDbContext>();
        var now = time.GetUtcNow();
        return await database.Notifications
            .FromSql(
                $"""
                UPDATE notifications SET attempts = attempts + 1, next_attempt_at = {now + _smtp.SendTimeout + Grace}
                WHERE (order_id, kind) IN (
                    SELECT order_id, kind FROM notifications
                    WHERE state = {nameof(NotificationState.Pending)} AND next_attempt_at <= {now}
                    ORDER BY next_attempt_at
                    LIMIT {_smtp.ConcurrentMails}
                    FOR UPDATE SKIP LOCKED)
                RETURNING *
                """)
            .AsNoTracking()
            .ToListAsync(cancellationToken);
    }

    private async Task DeliverAsync(Notification notification, CancellationToken cancellationToken)
    {
        using var logScope = logger.BeginOrderScope(notification.OrderId);
        var result = await sender.SendAsync(notification, cancellationToken);
        var now = time.GetUtcNow();

        notification.LastError = result.Error;
        if (result.Error is null)
        {
            notification.State = NotificationState.Sent;
            notification.SentAt = now;
            logger.LogInformation("Mailed {Kind}", notification.Kind);
        }
        else if (result.IsFinal || now - notification.CreatedAt >= _smtp.GiveUpAfter)
        {
            notification.State = NotificationState.Undeliverable;
            logger.LogError("Gave up mailing {Kind} after {Attempts} attempts: {Error}", notification.Kind, notification.Attempts, result.Error);
        }
        else
        {
            notification.NextAttemptAt = now + Delay(notification.Attempts);
            logger.LogWarning("Could not mail {Kind}, trying again at {NextAttemptAt}: {Error}", notification.Kind, notification.NextAttemptAt, result.Error);
        }

        // What the server has accepted is marked even when the process is told to stop meanwhile.
        await SaveAsync(notification, CancellationToken.None);
    }

    private async Task SaveAsync(Notification notification, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<NotificationsDbContext>();
        database.Update(notification);
        await database.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Exponential with full jitter.</summary>
    private TimeSpan Delay(int attempts) =>
        Random.Shared.NextDouble() * TimeSpan.FromMilliseconds(
            Math.Min(_smtp.LongestDelay.TotalMilliseconds, _smtp.FirstDelay.TotalMilliseconds * Math.Pow(2, attempts - 1)));
}
