using Microsoft.Extensions.Options;

namespace Notifications.Delivery;

internal static class DeliverySetup
{
    /// <summary>Registers the mail delivery, with the settings under <c>Smtp</c>.</summary>
    public static void AddDelivery(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<SmtpOptions>, SmtpOptionsValidator>();
        builder.Services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddScoped<NotificationWriter>();
        builder.Services.AddSingleton<DeliverySignal>();
        builder.Services.AddSingleton<MailSender>();
        builder.Services.AddHostedService<MailDelivery>();
    }
}
