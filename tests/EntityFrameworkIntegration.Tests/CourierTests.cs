using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using MassTransit.Courier;
using MassTransit.Courier.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RealServers;
using Shouldly;
using Xunit;

namespace EntityFrameworkIntegration.Tests;

/// <summary>Routing slips: each step, forward or back, is one transaction.</summary>
public class CourierTests : OutboxTest
{
    static readonly Uri Reserve = new("exchange:Reserve_execute");
    static readonly Uri Ship = new("exchange:Ship_execute");

    [Fact]
    public async Task A_slip_that_leads_to_the_same_activity_twice_runs_it_twice()
    {
        await using var host = await Start();

        await Execute(host, Slip(x =>
        {
            x.AddActivity("Reserve", Reserve, new ReserveArguments(1));
            x.AddActivity("Reserve", Reserve, new ReserveArguments(2));
        }));

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<RoutingSlipCompleted>()), "completed slips");
        (await Count("payments")).ShouldBe(2);
        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<OrderPaid>()), "messages of the activities");
        host.Journal.Of<OrderPaid>().Select(x => x.Number).Order().ShouldBe([1, 2]);
        await OutboxIsEmpty();
        // The slip was not sent before its scope had saved.
        (await Count("orders")).ShouldBe(1);
    }

    [Fact]
    public async Task A_step_that_is_delivered_twice_is_taken_once()
    {
        await using var host = await Start();
        var slip = Slip(x => x.AddActivity("Reserve", Reserve, new ReserveArguments(1)));
        var messageId = NewId.NextGuid();
        var endpoint = await host.Bus.GetSendEndpoint(Reserve);

        for (var i = 0; i < 3; i++)
            await endpoint.Send(slip, x => x.MessageId = messageId, TestContext.Current.CancellationToken);
        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<RoutingSlipCompleted>()), "completed slips");
        await Execute(host, Slip(x => x.AddActivity("Reserve", Reserve, new ReserveArguments(2))));

        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Count<RoutingSlipCompleted>()), "completed slips");
        await Eventually.TrueAsync(async () => await RabbitMq.Depth(Broker.Uri, "Reserve_execute") == 0, "the endpoint is idle");
        await OutboxIsEmpty();
        (await Count("payments")).ShouldBe(2);
    }

    [Theory]
    [InlineData(Failure.Throws)]
    [InlineData(Failure.ReturnsFault)]
    [InlineData(Failure.BreaksTransaction)]
    [InlineData(Failure.LeavesUnsaved)]
    public async Task An_activity_that_fails_leaves_nothing_behind_and_those_before_it_are_compensated(Failure failure)
    {
        await using var host = await Start();

        await Execute(host, Slip(x =>
        {
            x.AddActivity("Reserve", Reserve, new ReserveArguments(1));
            x.AddActivity("Reserve", Reserve, new ReserveArguments(2));
            x.AddActivity("Ship", Ship, new ShipArguments(failure));
        }));

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<RoutingSlipFaulted>()), "faulted slips");
        await OutboxIsEmpty();
        (await Count("payments")).ShouldBe(0, "both reservations are compensated, and what the failed activity saved is rolled back");
        await Eventually.EqualAsync(2, () => Task.FromResult(host.Journal.Of<OrderPaid>().Count(x => x.Number < 0)), "messages of the compensations");
        host.Journal.Of<OrderPaid>().Select(x => x.Number).ShouldBe([-2, -1, 1, 2], ignoreOrder: true, "the failed activity's own message is not sent");
        (await RabbitMq.Depth(Broker.Uri, "Ship_execute_error")).ShouldBe(0u);
    }

    [Fact]
    public async Task A_compensation_that_fails_leaves_nothing_behind_and_is_told()
    {
        await using var host = await Start();

        await Execute(host, Slip(x =>
        {
            x.AddActivity("Reserve", Reserve, new ReserveArguments(ReserveActivity.CannotBeCompensated));
            x.AddActivity("Ship", Ship, new ShipArguments(Failure.LeavesUnsaved));
        }));

        await Eventually.EqualAsync(1, () => Task.FromResult(host.Journal.Count<RoutingSlipCompensationFailed>()), "failed compensations");
        await OutboxIsEmpty();
        (await Count("payments")).ShouldBe(1, "what the compensation had taken back is there again");
        host.Journal.Of<OrderPaid>().Select(x => x.Number).ShouldBe([ReserveActivity.CannotBeCompensated]);
    }

    Task<TestHost> Start()
    {
        return NewHost()
            .Bus(x =>
            {
                x.AddActivity<ReserveActivity, ReserveArguments, ReserveLog>();
                x.AddExecuteActivity<ShipActivity, ShipArguments>();
            })
            .Consumer<RecordPaidConsumer>().Consumer<RecordSlipConsumer>().StartAsync();
    }

    static RoutingSlip Slip(Action<RoutingSlipBuilder> itinerary)
    {
        RoutingSlipBuilder builder = new(NewId.NextGuid());
        itinerary(builder);
        return builder.Build();
    }

    /// <summary>Starts a slip as a request would, together with an order.</summary>
    static async Task Execute(TestHost host, RoutingSlip slip)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TestDbContext>();
        await scope.ServiceProvider.GetRequiredService<IRoutingSlipExecutor>().Execute(slip);
        database.Orders.Add(new Order { Id = slip.TrackingNumber });
        await database.SaveChangesAsync();
    }
}

public enum Failure
{
    Throws,
    ReturnsFault,
    BreaksTransaction,
    LeavesUnsaved,
}

public record ReserveArguments(int Number);

public record ReserveLog(Guid PaymentId, int Number);

public record ShipArguments(Failure Failure);

/// <summary>Pays, and pays back.</summary>
public class ReserveActivity(TestDbContext database) : IActivity<ReserveArguments, ReserveLog>
{
    public const int CannotBeCompensated = 100;

    public async Task<ExecutionResult> Execute(ExecuteContext<ReserveArguments> context)
    {
        Payment payment = new() { Id = NewId.NextGuid(), OrderId = context.TrackingNumber };
        database.Payments.Add(payment);
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.TrackingNumber, context.Arguments.Number));
        return context.Completed(new ReserveLog(payment.Id, context.Arguments.Number));
    }

    public async Task<CompensationResult> Compensate(CompensateContext<ReserveLog> context)
    {
        await database.Payments.Where(x => x.Id == context.Log.PaymentId).ExecuteDeleteAsync(context.CancellationToken);
        await context.Publish(new OrderPaid(context.TrackingNumber, -context.Log.Number));
        if (context.Log.Number == CannotBeCompensated)
            throw new InvalidOperationException("Something went wrong after the payment was taken back.");
        return context.Compensated();
    }
}

/// <summary>Fails after it has done its work.</summary>
public class ShipActivity(TestDbContext database) : IExecuteActivity<ShipArguments>
{
    public async Task<ExecutionResult> Execute(ExecuteContext<ShipArguments> context)
    {
        database.Payments.Add(new Payment { Id = NewId.NextGuid(), OrderId = context.TrackingNumber });
        await context.Publish(new OrderPaid(context.TrackingNumber));
        if (context.Arguments.Failure != Failure.LeavesUnsaved)
            await database.SaveChangesAsync(context.CancellationToken);
        if (context.Arguments.Failure == Failure.BreaksTransaction)
            await database.Database.ExecuteSqlRawAsync("SELECT 1 / 0", context.CancellationToken);

        InvalidOperationException failure = new("There is nothing to ship.");
        return context.Arguments.Failure == Failure.ReturnsFault ? context.Faulted(failure) : throw failure;
    }
}

/// <summary>Records how a slip has ended.</summary>
public class RecordSlipConsumer(Journal journal) :
    IConsumer<RoutingSlipCompleted>,
    IConsumer<RoutingSlipFaulted>,
    IConsumer<RoutingSlipCompensationFailed>
{
    public Task Consume(ConsumeContext<RoutingSlipCompleted> context) => Record(context.Message);

    public Task Consume(ConsumeContext<RoutingSlipFaulted> context) => Record(context.Message);

    public Task Consume(ConsumeContext<RoutingSlipCompensationFailed> context) => Record(context.Message);

    Task Record(object message)
    {
        journal.Add(message);
        return Task.CompletedTask;
    }
}
