using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>What an operator sees. It listens to the whole process, so nothing else runs beside it.</summary>
[Collection<Alone>]
public class ObservabilityTests : OutboxTest
{
    [Fact]
    public async Task One_trace_spans_the_request_the_outbox_the_broker_and_the_consumers()
    {
        ConcurrentBag<Activity> spans = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is "MassTransit" or "test",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using ActivitySource source = new("test");
        await using var host = await NewHost().Consumer<PayOrderConsumer>().Consumer<RecordPaidConsumer>().StartAsync();

        using (var request = source.StartActivity("request")!)
        {
            await host.PublishAndSave(new OrderPlaced(NewId.NextGuid()));
            await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "paid orders");
            await Eventually.TrueAsync(() => spans.Count(x => x.TraceId == request.TraceId && x.Kind == ActivityKind.Consumer) >= 4, "the consumers' spans");
        }
    }

    [Fact]
    public async Task A_trace_survives_the_row()
    {
        ConcurrentBag<Activity> spans = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is "MassTransit" or "test",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using ActivitySource source = new("test");
        await using var storing = await NewHost().Outbox(x => x.UseBusOutbox(b => b.DisableDeliveryService())).StartAsync();
        ActivityTraceId trace;
        using (var request = source.StartActivity("request")!)
        {
            trace = request.TraceId;
            await storing.PublishAndSave(new OrderPaid(NewId.NextGuid()));
        }

        await using var host = await NewHost().Consumer<RecordPaidConsumer>().StartAsync();

        await Eventually.TrueAsync(() => spans.Any(x => x.TraceId == trace && x.Kind == ActivityKind.Consumer), "the consumer's span");
    }

    [Fact]
    public async Task The_instruments_count()
    {
        ConcurrentDictionary<string, double> values = new();
        using var listener = Listen(values);
        await RabbitMq.Declare(Broker.Uri, "target", "fanout", "target");
        await Rows.Insert(Sql, Broker, 3, "clock_timestamp()");
        await Rows.Insert(Sql, Broker, 2, "clock_timestamp() + interval '3 minutes'", "interval '1 minute'");
        await using var host = await NewHost().Consumer<PayOrderConsumer>().StartAsync();
        var messageId = NewId.NextGuid();
        for (var i = 0; i < 2; i++)
            await host.Bus.Publish(new OrderPlaced(NewId.NextGuid()), x => x.MessageId = messageId, TestContext.Current.CancellationToken);

        await Eventually.EqualAsync(2L, () => Count("outbox_message"), "rows that wait");

        await Eventually.TrueAsync(() => values.GetValueOrDefault("inbox.messages.duplicate") == 1, "one duplicate");
        await Eventually.TrueAsync(() => values.GetValueOrDefault("outbox.messages.sent") == 4, "four messages sent");
        values["outbox.messages.swept"].ShouldBe(3);
        values["inbox.consume.duration"].ShouldBeGreaterThan(0);
        values["outbox.confirm.duration"].ShouldBeGreaterThan(0);
        await Eventually.TrueAsync(() =>
        {
            listener.RecordObservableInstruments();
            return values["outbox.depth"] == 2 && values["outbox.oldest.age"] >= 60;
        }, "depth and age of what waits");
    }

    [Fact]
    public async Task The_instruments_count_what_fails_and_what_is_parked()
    {
        ConcurrentDictionary<string, double> values = new();
        using var listener = Listen(values);
        await RabbitMq.Declare(Broker.Uri, "target", "direct", "unrelated");
        await Rows.Insert(Sql, Broker, 1, "clock_timestamp()");
        await using var host = await NewHost().Outbox(x =>
        {
            x.ParkAfterAttempts = 4;
            x.RetryDelay = x.MaxRetryDelay = TimeSpan.FromMilliseconds(100);
        }).StartAsync();

        await Eventually.EqualAsync(1L, () => Count("outbox_message", "parked_time IS NOT NULL AND attempts = 4"), "messages parked after four attempts");
        values["outbox.messages.failed"].ShouldBe(3, "the attempts that were repeated");
        values["outbox.messages.parked"].ShouldBe(1);
        values.ShouldNotContainKey("outbox.messages.sent");
        await Gauge("outbox.parked", 1);
        await Gauge("outbox.depth", 0);

        await host.InScope((context, _) => context.DiscardParkedOutboxMessagesAsync([.. context.GetParkedOutboxMessages().Select(x => x.Id)]));
        await Gauge("outbox.parked", 0);

        Task Gauge(string name, double value)
        {
            return Eventually.TrueAsync(() =>
            {
                listener.RecordObservableInstruments();
                return values[name] == value;
            }, $"{name} is {value}");
        }
    }

    static MeterListener Listen(ConcurrentDictionary<string, double> values)
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == "MassTransit.EntityFrameworkCoreIntegration")
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values.AddOrUpdate(instrument.Name, value, (_, x) => x + value));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.Start();
        return listener;
    }
}
