using System.Net;
using System.Net.Mail;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifications.Delivery;

/// <summary>How the mail server answered.</summary>
/// <param name="Error">What it said against the mail; null when it accepted it.</param>
/// <param name="IsFinal">Whether it will say so again.</param>
public sealed record MailResult(string? Error, bool IsFinal)
{
    public static readonly MailResult Accepted = new(null, IsFinal: true);
}

/// <summary>Holds the SMTP conversation for one mail.</summary>
public sealed class MailSender(IOptions<SmtpOptions> options)
{
    // SMTP: a reply from 500 on means that the same mail will be refused again.
    private const int FirstFinalReply = 500;

    private readonly SmtpOptions _smtp = options.Value;

    /// <summary>Sends a mail. It never throws because of the server.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken" /> was cancelled.</exception>
    public async Task<MailResult> SendAsync(Notification notification, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(_smtp.SendTimeout);
        using var client = new SmtpClient(_smtp.Host!, _smtp.Port) { EnableSsl = _smtp.UseTls };
        if (_smtp.Username is not null)
            client.Credentials = new NetworkCredential(_smtp.Username, _smtp.Password);
        using var mail = Mail(notification);

        try
        {
            await client.SendMailAsync(mail, bound.Token);
            return MailResult.Accepted;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new MailResult($"The mail server did not answer within {_smtp.SendTimeout}.", IsFinal: false);
        }
        catch (SmtpException exception)
        {
            return new MailResult(exception.GetBaseException().Message, (int)exception.StatusCode >= FirstFinalReply);
        }
    }

    private MailMessage Mail(Notification notification)
    {
        var from = new MailAddress(_smtp.From!);
        var mail = new MailMessage(from, new MailAddress(SmtpOptionsValidator.RecipientOf(_smtp.Recipient!, notification.CustomerId)))
        {
            Subject = notification.Subject,
            Body = notification.Body,
            SubjectEncoding = Encoding.UTF8,
            BodyEncoding = Encoding.UTF8,
        };

        // The same whenever this mail is sent, so that whoever gets it twice can tell.
        mail.Headers.Add("Message-ID", $"<{notification.Kind}.{notification.OrderId}@{from.Host}>");
        return mail;
    }
}
