using System.Text.Json.Nodes;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Messaging;

/// <summary>How an attempt to replay a letter ended.</summary>
internal static class ReplayOutcome
{
    /// <summary>The broker has the message in a queue.</summary>
    public const string Replayed = "replayed";

    /// <summary>The exchange, or every queue behind it, is gone.</summary>
    public const string TargetGone = "targetGone";

    /// <summary>The broker does not take it: no right, or a queue at its limit.</summary>
    public const string Refused = "refused";

    /// <summary>The broker cannot be reached, or did not answer: whether it has the message is not known.</summary>
    public const string BrokerUnavailable = "brokerUnavailable";

    /// <summary>Nothing tells where it came from.</summary>
    public const string NoTarget = "noTarget";

    /// <summary>Somebody else has replayed or discarded it, or is replaying it now.</summary>
    public const string NotWaiting = "notWaiting";

    /// <summary>There is no such letter.</summary>
    public const string NotFound = "notFound";

    /// <summary>The first letter of the selection did not do well, so this one was left alone.</summary>
    public const string NotAttempted = "notAttempted";
}

/// <summary>Sends letters again, confirmed and mandatory, over a connection that lasts as long as the request.</summary>
internal sealed class LetterSender(BrokerConnections connections) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // What its death added; without it the message begins anew, with all its retries.
    private static readonly string[] HeadersOfDeath =
        [TransportHeaders.DelayedRetries, TransportHeaders.Attempts, TransportHeaders.Dropped, "MT-Reason", "x-death", "x-delivery-count"];

    private static readonly string[] PrefixesOfDeath = ["MT-Fault-", "MT-Host-", "x-first-death-", "x-last-death-"];

    private IConnection? _connection;
    private IChannel? _channel;

    /// <summary>Sends one letter.</summary>
    /// <returns>The outcome, and what the broker said where it is not <see cref="ReplayOutcome.Replayed" />.</returns>
    public async Task<(string Outcome, string? Detail)> SendAsync(DeadLetter letter, ReplayTarget target, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var channel = await ChannelAsync(patience.Token);
            await channel.BasicPublishAsync(target.Exchange, target.RoutingKey, mandatory: true, Properties(letter), letter.Body, patience.Token);
            return (ReplayOutcome.Replayed, null);
        }
        catch (PublishException exception)
        {
            return exception.IsReturn
                ? (ReplayOutcome.TargetGone, $"No queue takes messages from the exchange {target.Exchange}.")
                : (ReplayOutcome.Refused, $"The broker refused the message; a queue behind the exchange {target.Exchange} may be full.");
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return (ReplayOutcome.TargetGone, exception.ShutdownReason.ReplyText);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason is { Initiator: ShutdownInitiator.Peer, ReplyCode: >= 400 } reason)
        {
            return (ReplayOutcome.Refused, reason.ReplyText);
        }
        catch (Exception exception) when (exception is RabbitMQClientException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (ReplayOutcome.BrokerUnavailable, exception.GetBaseException().Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is not null)
            await _channel.DisposeAsync();
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    private async Task<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        if (_channel is { IsOpen: true })
            return _channel;

        // A refused publish closes the channel, and a header table that is too large the connection.
        if (_connection is not { IsOpen: true })
            _connection = await connections.ConnectAsync("replay", cancellationToken);
        return _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(true, true), cancellationToken);
    }

    private static BasicProperties Properties(DeadLetter letter)
    {
        var properties = AmqpProperties.ForReplay(JsonNode.Parse(letter.Properties)!.AsObject());
        var headers = AmqpJson.Read(JsonNode.Parse(letter.Headers)!.AsObject());
        foreach (var name in headers.Keys.Where(IsOfDeath).ToList())
            headers.Remove(name);

        headers[TransportHeaders.ReplayOf] = letter.Id.ToString();
        properties.Headers = headers;
        return properties;
    }

    private static bool IsOfDeath(string header) =>
        HeadersOfDeath.Contains(header, StringComparer.Ordinal)
        || PrefixesOfDeath.Any(prefix => header.StartsWith(prefix, StringComparison.Ordinal));
}
