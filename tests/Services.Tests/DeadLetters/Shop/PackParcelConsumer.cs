using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using MassTransit;
using Messaging;

namespace Services.Tests.DeadLetters;

/// <summary>How each consumer of the shop behaves, and what it has seen.</summary>
public sealed class Fates
{
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, (int Attempts, long Since)> _met = new();
    private bool _ill = true;

    public const string Good = "good";
    public const string Fails = "fails";
    public const string FailsOnce = "fails once";
    public const string Recovers = "recovers";
    public const string Invalid = "invalid";
    public const string Canceled = "canceled";
    public const string Deadly = "deadly";

    /// <summary>While true, messages of the fate "ill" fail.</summary>
    public bool Ill
    {
        get => Volatile.Read(ref _ill);
        set => Volatile.Write(ref _ill, value);
    }

    /// <summary>How a deadly message ends whoever consumes it.</summary>
    public Action Die { get; set; } = () => { };

    public int AttemptsAt(Guid orderId) => _met.GetValueOrDefault(orderId).Attempts;

    public void Meet(Guid orderId, string fate)
    {
        var (attempts, since) = _met.AddOrUpdate(orderId, _ => (1, Stopwatch.GetTimestamp()), (_, met) => met with { Attempts = met.Attempts + 1 });
        switch (fate)
        {
            case Fails:
            case FailsOnce when attempts == 1:
            case Recovers when Stopwatch.GetElapsedTime(since) < Recovery:
                throw new InvalidOperationException($"The parcel of {orderId} is too heavy.");
            case "ill" when Ill:
                throw new TimeoutException("The scales do not answer.");
            case Invalid:
                throw new ValidationException("A parcel needs an address.");
            case Canceled:
                throw new TaskCanceledException("The carrier did not answer in time.");
            case Deadly:
                Die();
                throw new InvalidOperationException("Whoever gets this far is alive.");
        }
    }
}

public sealed class PackParcelConsumer(Fates fates, ShopDbContext database) : IConsumer<PackParcel>
{
    public async Task Consume(ConsumeContext<PackParcel> context)
    {
        database.Packed.Add(new PackedParcel { OrderId = context.Message.OrderId });
        await database.SaveChangesAsync(context.CancellationToken);
        fates.Meet(context.Message.OrderId, context.Message.Fate);
    }
}

public sealed class PackParcelConsumerDefinition : ConsumerDefinition<PackParcelConsumer>, IAdjustEndpoint
{
    public PackParcelConsumerDefinition() => EndpointName = "pack-parcel";

    public void Adjust(EndpointConventions endpoint)
    {
        endpoint.Immediate = new Backoff(Limit: 1, First: TimeSpan.FromMilliseconds(10), Longest: TimeSpan.FromMilliseconds(10));
        endpoint.KillSwitch = null;
    }
}

/// <summary>Weighs parcels together; one that is bad is set apart, and the others are done with.</summary>
public sealed class WeighParcelsConsumer(Fates fates, ShopDbContext database) : IConsumer<Batch<WeighParcel>>
{
    public async Task Consume(ConsumeContext<Batch<WeighParcel>> context)
    {
        var failures = new List<Exception>();
        foreach (var parcel in context.Message)
        {
            try
            {
                fates.Meet(parcel.Message.OrderId, parcel.Message.Fate);
                database.Packed.Add(new PackedParcel { OrderId = parcel.Message.OrderId });
            }
            catch (InvalidOperationException exception)
            {
                failures.Add(exception);
                continue;
            }

            await parcel.NotifyConsumed(parcel, parcel.ReceiveContext.ElapsedTime, nameof(WeighParcelsConsumer));
        }

        await database.SaveChangesAsync(context.CancellationToken);
        if (failures.Count > 0)
            throw new AggregateException(failures);
    }
}

public sealed class WeighParcelsConsumerDefinition : ConsumerDefinition<WeighParcelsConsumer>, IAdjustEndpoint
{
    public WeighParcelsConsumerDefinition() => EndpointName = "weigh-parcel";

    public void Adjust(EndpointConventions endpoint)
    {
        // It commits by itself, before it throws: what is good stays done.
        endpoint.UseOutbox = false;
        endpoint.PrefetchCount = 200;
        endpoint.Immediate = new Backoff(Limit: 0, TimeSpan.Zero, TimeSpan.Zero);
        endpoint.KillSwitch = null;
    }

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<WeighParcelsConsumer> consumerConfigurator, IRegistrationContext context) =>
        consumerConfigurator.Options<BatchOptions>(options => options.SetMessageLimit(100).SetTimeLimit(TimeSpan.FromMilliseconds(500)));
}
