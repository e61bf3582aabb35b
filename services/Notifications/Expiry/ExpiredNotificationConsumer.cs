using Contracts.Orders;
using MassTransit;
using Messaging;
using Notifications.Delivery;

namespace Notifications.Expiry;

/// <summary>
/// Records notifications that waited too long to be of use, with what they would have said, instead of sending them late.
/// The broker expires them by the policy of their queue.
/// </summary>
public sealed class ExpiredNotificationConsumer(NotificationWriter notifications) : IConsumer<OrderConfirmed>, IConsumer<OrderCancelled>
{
    public Task Consume(ConsumeContext<OrderConfirmed> context) => RecordAsync(context, NotificationDraft.Of(context.Message));

    public Task Consume(ConsumeContext<OrderCancelled> context) => RecordAsync(context, NotificationDraft.Of(context.Message));

    private Task RecordAsync(ConsumeContext context, NotificationDraft draft) =>
        context.ReceiveContext.LastDeathIn(OrderNotificationConsumerDefinition.Queue) is { Reason: DeathReason.Expired }
            ? notifications.WriteAsync(draft, NotificationState.Expired, context.CancellationToken)
            : throw new NotExpiredException(draft);
}

/// <summary>The broker moved a notification here because it could not be delivered, not because it was late: a dead letter.</summary>
public sealed class NotExpiredException(NotificationDraft draft)
    : Exception($"{draft.Kind} of order {draft.OrderId} has not expired: the broker gave up delivering it.");

internal sealed class ExpiredNotificationConsumerDefinition : ConsumerDefinition<ExpiredNotificationConsumer>, IAdjustEndpoint
{
    public ExpiredNotificationConsumerDefinition() => EndpointName = "notification-expired";

    public void Adjust(EndpointConventions endpoint) => endpoint.NeverRetry<NotExpiredException>();

    // What is published goes to the endpoint that mails; only what that one's queue expires comes here.
    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<ExpiredNotificationConsumer> consumerConfigurator,
        IRegistrationContext context) => endpointConfigurator.ConfigureConsumeTopology = false;
}
