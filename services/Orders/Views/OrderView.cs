using System.Text.Json.Serialization;
using Contracts;
using Contracts.Orders;
using Contracts.Payments;
using Orders.Lifecycle;

namespace Orders.Views;

/// <summary>An order as its customer sees it.</summary>
public sealed record OrderView(
    Guid Id,
    string CustomerId,
    string Status,
    string? Reason,
    int Version,
    Money Total,
    IReadOnlyList<OrderLine> Lines,
    PaymentView Payment,
    DateTimeOffset SubmittedAt,
    DateTimeOffset UpdatedAt)
{
    internal static OrderView Of(OrderState order) => new(
        order.CorrelationId,
        order.CustomerId,
        order.Status,
        order.Reason,
        order.Version,
        order.Total,
        order.Lines,
        new PaymentView(order.AuthorizationAttempt, order.AuthorizedAt, order.CapturedAt, order.ReversedAt, order.Reversal),
        order.SubmittedAt,
        order.UpdatedAt);
}

/// <summary>How far the payment has come.</summary>
/// <param name="Attempt">How many payment methods have been tried.</param>
/// <param name="Reversal">What was given back: nothing was held, an authorization was voided, or a capture refunded.</param>
public sealed record PaymentView(
    int Attempt,
    DateTimeOffset? AuthorizedAt,
    DateTimeOffset? CapturedAt,
    DateTimeOffset? ReversedAt,
    [property: JsonConverter(typeof(JsonStringEnumConverter<ReversalOutcome>))] ReversalOutcome? Reversal);

/// <summary>One step of an order's life.</summary>
public sealed record TimelineItem(int Version, string Status, string? Reason, DateTimeOffset At);
