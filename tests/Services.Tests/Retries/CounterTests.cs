using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Services.Tests.DeadLetters;
using Shouldly;
using Xunit;

namespace Services.Tests.Retries;

public sealed class CounterTests
{
    [Fact]
    public async Task Every_level_is_counted_by_endpoint_and_reason()
    {
        await using var shop = await Shop.OpenAsync();
        using var counters = new Counters(shop.Services.GetRequiredService<IMeterFactory>());
        var order = Guid.NewGuid();

        await shop.PublishAsync(new PackParcel(order, Fates.Fails));
        var letter = await shop.LetterAsync(order);
        await shop.Operator.PostAsync(new Uri($"shop/dead-letters/{letter.Id}/replay", UriKind.Relative), content: null);
        await shop.LettersAsync($"order_id = '{order}'", 2);
        await shop.PublishRawAsync("pack-parcel", RawMessage.Envelope(Guid.NewGuid(), "Shop:Unknown", new { }), properties => properties.AsMassTransit(Guid.NewGuid()));
        await shop.LettersAsync("reason = 'skipped'");

        await Eventually.EqualAsync(1, () => Task.FromResult(counters["messaging.dead_letters.collected endpoint=pack-parcel reason=skipped"]), "skipped messages");
        counters["messaging.retries.immediate endpoint=pack-parcel reason=InvalidOperationException"].ShouldBe(8);
        foreach (var queue in new[] { "retry-5s", "retry-30s", "retry-5m" })
            counters[$"messaging.retries.delayed endpoint=pack-parcel queue={queue} reason=InvalidOperationException"].ShouldBe(2, queue);
        counters["messaging.dead_letters.collected endpoint=pack-parcel reason=fault"].ShouldBe(2);
        counters["messaging.dead_letters.operations endpoint=pack-parcel operation=replay outcome=replayed"].ShouldBe(1);
    }

    private sealed class Counters : IDisposable
    {
        private readonly ConcurrentDictionary<string, long> _sums = new();
        private readonly MeterListener _listener = new();

        public Counters(IMeterFactory meters)
        {
            // Other hosts of this process have meters of the same name.
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Messaging" && ReferenceEquals(instrument.Meter.Scope, meters))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, measurement, tags, _) =>
            {
                var name = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Prepend(instrument.Name));
                _sums.AddOrUpdate(name, measurement, (_, sum) => sum + measurement);
            });
            _listener.Start();
        }

        public long this[string name] => _sums.GetValueOrDefault(name);

        public void Dispose() => _listener.Dispose();
    }
}
