using System.Security.Claims;
using Hosting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Notifications.Database;
using Notifications.Delivery;

namespace Notifications.Lookup;

/// <summary>What customers were told about an order, oldest first.</summary>
public sealed record NotificationList(IReadOnlyList<NotificationView> Items);

/// <summary>One mail.</summary>
public sealed record NotificationView(
    Guid OrderId,
    string Kind,
    string CustomerId,
    string State,
    string Subject,
    string Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset? SentAt,
    int Attempts,
    string? LastError)
{
    public static NotificationView Of(Notification notification) => new(
        notification.OrderId,
        notification.Kind.ToString(),
        notification.CustomerId,
        notification.State.ToString(),
        notification.Subject,
        notification.Body,
        notification.CreatedAt,
        notification.SentAt,
        notification.Attempts,
        notification.LastError);
}

internal static class NotificationEndpoints
{
    public static void MapNotifications(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/notifications", ListAsync)
            .RequireAuthorization(ApiRoles.Customer)
            .WithTags("Notifications")
            .WithSummary("Lists what the customer was told about an order.");

    private static async Task<Ok<NotificationList>> ListAsync(
        Guid orderId,
        ClaimsPrincipal caller,
        NotificationsDbContext database,
        CancellationToken cancellationToken)
    {
        var notifications = await database.Notifications
            .AsNoTracking()
            .Where(notification => notification.OrderId == orderId)
            .OrderBy(notification => notification.CreatedAt)
            .ToListAsync(cancellationToken);

        return TypedResults.Ok(new NotificationList(
            [.. notifications.Where(notification => caller.MayActFor(notification.CustomerId)).Select(NotificationView.Of)]));
    }
}
