using Hosting;
using MassTransit;
using Messaging;
using Notifications.Database;
using Notifications.Delivery;
using Notifications.Expiry;
using Notifications.Lookup;

if (HealthProbe.IsAsked(args))
    return await HealthProbe.RunAsync(args);

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddDatabase<NotificationsDbContext>();
builder.AddDelivery();
builder.AddMessaging<NotificationsDbContext>(bus =>
{
    bus.AddConsumer<OrderNotificationConsumer, OrderNotificationConsumerDefinition>();
    bus.AddConsumer<ExpiredNotificationConsumer, ExpiredNotificationConsumerDefinition>();
    bus.AddReceiveObserver(services => services.GetRequiredService<DeliverySignal>());
});

var app = builder.Build();
app.MapServiceDefaults();
app.MapNotifications();
app.MapDeadLetters();

return await app.RunOrMigrateAsync<NotificationsDbContext>(args);
