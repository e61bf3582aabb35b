using Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Messaging;

/// <summary>
/// Moves the dead letters of the service's virtual host into its database. It is a plain consumer and no receive endpoint, so
/// that its own failures cannot feed the queue it reads: a letter is acknowledged when it is committed, and waits on the
/// broker until then.
/// </summary>
internal sealed class DeadLetterCollector(
    IServiceScopeFactory scopes,
    DatabaseSchema schema,
    BrokerConnections connections,
    TimeProvider time,
    MessagingMetrics metrics,
    ILogger<DeadLetterCollector> logger) : BackgroundService
{
    private static readonly Backoff Reconnection = new(int.MaxValue, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(15));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A model without the tables is a mistake in the program: say so at once.
        await using (var scope = scopes.CreateAsyncScope())
            scope.ServiceProvider.GetRequiredService<LetterDatabase>();

        await schema.WaitAsync(stoppingToken);

        var failures = 0;
        while (true)
        {
            try
            {
                await using var subscription = await DeadLetterSubscription.OpenAsync(connections, time, stoppingToken);
                failures = 0;
                while (true)
                    await CollectAsync(subscription, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                failures++;
                logger.LogWarning("Dead letters wait on the broker: {Reason}", exception.GetBaseException().Message);
            }

            await Task.Delay(Reconnection.Next(failures), time, stoppingToken);
        }
    }

    private async Task CollectAsync(DeadLetterSubscription subscription, CancellationToken stoppingToken)
    {
        var batch = await subscription.NextBatchAsync(stoppingToken);
        var stored = await StoreAsync(batch, stoppingToken);
        await subscription.AcknowledgeAsync(stored, stoppingToken);

        foreach (var (_, letter) in stored)
            metrics.DeadLetter(letter.OriginQueue ?? letter.OriginExchange ?? "", letter.Reason);
    }

    private async Task<IReadOnlyList<LetterDelivery>> StoreAsync(IReadOnlyList<LetterDelivery> batch, CancellationToken stoppingToken)
    {
        try
        {
            await SaveAsync(batch, stoppingToken);
            return batch;
        }
        catch (PostgresException exception) when (IsAboutTheData(exception))
        {
            // One letter must not hold up the others.
            return batch.Count > 1 ? await StoreOneByOneAsync(batch, stoppingToken) : LeaveOnBroker(batch[0], exception);
        }
    }

    private async Task<IReadOnlyList<LetterDelivery>> StoreOneByOneAsync(IReadOnlyList<LetterDelivery> batch, CancellationToken stoppingToken)
    {
        var stored = new List<LetterDelivery>();
        foreach (var delivery in batch)
            stored.AddRange(await StoreAsync([delivery], stoppingToken));
        return stored;
    }

    private IReadOnlyList<LetterDelivery> LeaveOnBroker(LetterDelivery delivery, PostgresException exception)
    {
        logger.LogError(
            exception,
            "The database refuses the dead letter {MessageId} from {Origin}; it stays in {Queue} and is tried again after the next connection",
            delivery.Letter.MessageId,
            delivery.Letter.OriginQueue,
            DeadLetterQueue.Name);
        return [];
    }

    private async Task SaveAsync(IReadOnlyList<LetterDelivery> batch, CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<LetterDatabase>().SaveAsync([.. batch.Select(delivery => delivery.Letter)], stoppingToken);
    }

    // Classes 22, data exception, and 54, program limit exceeded.
    private static bool IsAboutTheData(PostgresException exception) =>
        exception.SqlState.StartsWith("22", StringComparison.Ordinal) || exception.SqlState.StartsWith("54", StringComparison.Ordinal);
}
