namespace MassTransit.EntityFrameworkCoreIntegration.Consume;

/// <summary>What the filter of one consumer knows about it.</summary>
/// <param name="ConsumerId">Tells the consumers of one message apart in the inbox; the same in every instance of the service.</param>
/// <param name="ConsumerType">The consumer's name, for observers and logs.</param>
/// <param name="MessageDeliveryLimit">How many of its messages may be unconfirmed at a time.</param>
/// <param name="MessageDeliveryTimeout">How long the broker may take to confirm one.</param>
sealed record ConsumerSettings(Guid ConsumerId, string ConsumerType, int MessageDeliveryLimit, TimeSpan MessageDeliveryTimeout);
