using Hosting;
using MassTransit;
using Messaging;
using Payments.Authorization;
using Payments.Capture;
using Payments.Database;
using Payments.Lookup;
using Payments.Operations;
using Payments.Provider;
using Payments.Reversal;

if (HealthProbe.IsAsked(args))
    return await HealthProbe.RunAsync(args);

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddDatabase<PaymentsDbContext>();
builder.AddPaymentProvider();
builder.AddMessaging<PaymentsDbContext>(bus =>
{
    bus.AddConsumer<AuthorizePaymentConsumer, AuthorizePaymentConsumerDefinition>();
    bus.AddConsumer<CapturePaymentConsumer, CapturePaymentConsumerDefinition>();
    bus.AddConsumer<ReversePaymentConsumer, ReversePaymentConsumerDefinition>();
});
builder.Services.AddSingleton<PaymentStore>();
builder.Services.AddTransient<ProviderReversal>();

var app = builder.Build();
app.MapServiceDefaults();
app.MapPayments();
app.MapDeadLetters();

return await app.RunOrMigrateAsync<PaymentsDbContext>(args);
