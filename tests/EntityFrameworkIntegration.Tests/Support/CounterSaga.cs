using MassTransit;

namespace EntityFrameworkIntegration.Tests.Support;

public class CounterSaga : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string CurrentState { get; set; } = "";
    public string Name { get; set; } = "";
    public int Count { get; set; }
}

public record CountUp(Guid CounterId, string Name = "");

public record CountUpByName(string Name);

public record CloseCounter(Guid CounterId);

public record Counted(Guid CounterId, int Count);

public class CounterStateMachine : MassTransitStateMachine<CounterSaga>
{
    public CounterStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => CountUp, x => x.CorrelateById(m => m.Message.CounterId));
        Event(() => CountUpByName, x =>
        {
            x.CorrelateBy((saga, m) => saga.Name == m.Message.Name);
            x.OnMissingInstance(m => m.Discard());
        });
        Event(() => CloseCounter, x => x.CorrelateById(m => m.Message.CounterId));

        Initially(
            When(CountUp)
                .Then(x => x.Saga.Name = x.Message.Name)
                .Then(x => x.Saga.Count++)
                .Publish(x => new Counted(x.Saga.CorrelationId, x.Saga.Count))
                .TransitionTo(Counting));

        During(Counting,
            When(CountUp)
                .Then(x => x.Saga.Count++)
                .Publish(x => new Counted(x.Saga.CorrelationId, x.Saga.Count)),
            When(CountUpByName)
                .Then(x => x.Saga.Count++)
                .Publish(x => new Counted(x.Saga.CorrelationId, x.Saga.Count)),
            When(CloseCounter)
                .Finalize());

        SetCompletedWhenFinalized();
    }

    public State Counting { get; } = null!;

    public Event<CountUp> CountUp { get; } = null!;

    public Event<CountUpByName> CountUpByName { get; } = null!;

    public Event<CloseCounter> CloseCounter { get; } = null!;
}
