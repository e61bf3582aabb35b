using System.ComponentModel.DataAnnotations;
using System.Net.Mail;
using Hosting;
using Microsoft.Extensions.Options;

namespace Notifications.Delivery;

/// <summary>The settings under <c>Smtp</c>.</summary>
public sealed class SmtpOptions
{
    public const string Section = "Smtp";

    /// <summary>What stands for the customer's id in <see cref="Recipient" />.</summary>
    public const string CustomerPlaceholder = "{customerId}";

    /// <summary>The mail server.</summary>
    [Required(ErrorMessage = "Smtp:Host is missing: the name of the mail server.")]
    public string? Host { get; set; }

    /// <summary>Default 25.</summary>
    [Range(1, 65_535, ErrorMessage = "Smtp:Port must lie between 1 and 65535.")]
    public int Port { get; set; } = 25;

    /// <summary>Whether the server must offer STARTTLS. Default no.</summary>
    public bool UseTls { get; set; }

    /// <summary>For servers that ask for a login; none by default.</summary>
    public string? Username { get; set; }

    public string? Password { get; set; }

    /// <summary>The sender's address.</summary>
    [Required(ErrorMessage = "Smtp:From is missing: the sender's address.")]
    public string? From { get; set; }

    /// <summary>The recipient's address, with <c>{customerId}</c> where the customer's id stands.</summary>
    [Required(ErrorMessage = "Smtp:Recipient is missing: the recipient's address with {customerId} in it.")]
    public string? Recipient { get; set; }

    /// <summary>How long one mail may take. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ErrorMessage = "Smtp:SendTimeout must lie between 100 ms and 10 minutes.")]
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many mails are sent at once. Default 8.</summary>
    [Range(1, 100, ErrorMessage = "Smtp:ConcurrentMails must lie between 1 and 100.")]
    public int ConcurrentMails { get; set; } = 8;

    /// <summary>The longest wait before the first retry; it doubles with each. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00", ErrorMessage = "Smtp:FirstDelay must lie between 10 ms and 1 hour.")]
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>No wait before a retry is longer. Default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00", ErrorMessage = "Smtp:LongestDelay must lie between 10 ms and 1 day.")]
    public TimeSpan LongestDelay { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>A mail that could not be sent for so long is not sent any more. Default 24 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00", ErrorMessage = "Smtp:GiveUpAfter must lie between 1 second and 30 days.")]
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromHours(24);
}

/// <summary>The rules that attributes cannot state.</summary>
internal sealed class SmtpOptionsValidator(IHostEnvironment environment) : IValidateOptions<SmtpOptions>
{
    public ValidateOptionsResult Validate(string? name, SmtpOptions options)
    {
        if (options.From is { } from && !MailAddress.TryCreate(from, out _))
            return ValidateOptionsResult.Fail("Smtp:From must be a mail address.");
        if (options.Recipient is { } recipient
            && (!recipient.Contains(SmtpOptions.CustomerPlaceholder, StringComparison.Ordinal) || !MailAddress.TryCreate(RecipientOf(recipient, "a"), out _)))
        {
            return ValidateOptionsResult.Fail($"Smtp:Recipient must be a mail address with {SmtpOptions.CustomerPlaceholder} in it.");
        }

        return DevelopmentPasswords.AreRefused(environment, options.Password)
            ? ValidateOptionsResult.Fail($"Smtp:Password {DevelopmentPasswords.WhyRefused(environment)}")
            : ValidateOptionsResult.Success;
    }

    /// <summary>The address of one customer.</summary>
    public static string RecipientOf(string pattern, string customerId) =>
        pattern.Replace(SmtpOptions.CustomerPlaceholder, customerId, StringComparison.Ordinal);
}
