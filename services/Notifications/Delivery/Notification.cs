namespace Notifications.Delivery;

/// <summary>What a customer is told about; one mail for each order and kind.</summary>
public enum NotificationKind
{
    OrderConfirmed,
    OrderCancelled,
}

/// <summary>How far a notification has come.</summary>
public enum NotificationState
{
    /// <summary>To be sent, or to be tried again.</summary>
    Pending,

    /// <summary>The mail server has accepted it.</summary>
    Sent,

    /// <summary>The mail server will never accept it, or has not for too long.</summary>
    Undeliverable,

    /// <summary>It waited on the broker for so long that it was recorded instead of sent.</summary>
    Expired,
}

/// <summary>One mail, written down before it is sent.</summary>
public sealed class Notification
{
    public required Guid OrderId { get; init; }

    public required NotificationKind Kind { get; init; }

    public required string CustomerId { get; init; }

    public required string Subject { get; init; }

    public required string Body { get; init; }

    public NotificationState State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? SentAt { get; set; }

    /// <summary>How often sending was begun.</summary>
    public int Attempts { get; set; }

    /// <summary>When sending may begin (again); while it is under way, when somebody else may take it for abandoned.</summary>
    public DateTimeOffset NextAttemptAt { get; set; }

    /// <summary>What the mail server said last, when it did not accept the mail.</summary>
    public string? LastError { get; set; }
}
