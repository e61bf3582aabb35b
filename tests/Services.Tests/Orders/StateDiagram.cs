using MassTransit;
using MassTransit.SagaStateMachine;
using Orders.Lifecycle;

namespace Services.Tests.Orders;

/// <summary>Draws the state machine as a Mermaid diagram, from what the machine itself says.</summary>
internal sealed class StateDiagram : StateMachineVisitor
{
    private readonly OrderStateMachine _machine;
    private readonly List<(string From, string Event, string To)> _transitions = [];
    private State? _state;
    private Event? _event;

    private StateDiagram(OrderStateMachine machine) => _machine = machine;

    public static string Of(OrderStateMachine machine)
    {
        var diagram = new StateDiagram(machine);
        machine.Accept(diagram);

        // Late payments are answered without leaving the state.
        var stays = from state in machine.States
                    from next in machine.Events
                    where machine.Accepts(state.Name, next) && !diagram._transitions.Exists(t => t.From == state.Name && t.Event == next.Name)
                    select (From: state.Name, Event: next.Name, To: state.Name);

        var arrows = diagram._transitions.Concat(stays).Distinct()
            .GroupBy(transition => (transition.From, transition.To))
            .Select(arrow => $"    {arrow.Key.From} --> {arrow.Key.To}: {string.Join(", ", arrow.Select(transition => transition.Event))}");

        return string.Join('\n', ["stateDiagram-v2", $"    [*] --> {nameof(machine.Submitted)}: POST /orders", .. arrows]);
    }

    public void Visit(State state, Action<State> next)
    {
        _state = state;
        next(state);
    }

    public void Visit(Event @event, Action<Event> next)
    {
        _event = @event;
        next(@event);
    }

    public void Visit<TMessage>(Event<TMessage> @event, Action<Event<TMessage>> next)
        where TMessage : class
    {
        _event = @event;
        next(@event);
    }

    public void Visit(IStateMachineActivity activity, Action<IStateMachineActivity> next)
    {
        if (activity is TransitionActivity<OrderState> transition && _machine.Accepts(_state!.Name, _event!))
            _transitions.Add((_state.Name, _event!.Name, transition.ToState.Name));
        next(activity);
    }

    public void Visit(IStateMachineActivity activity) => Visit(activity, _ => { });

    public void Visit<T>(IBehavior<T> behavior)
        where T : class, SagaStateMachineInstance
    {
    }

    public void Visit<T>(IBehavior<T> behavior, Action<IBehavior<T>> next)
        where T : class, SagaStateMachineInstance => next(behavior);

    public void Visit<T, TMessage>(IBehavior<T, TMessage> behavior)
        where T : class, SagaStateMachineInstance
        where TMessage : class
    {
    }

    public void Visit<T, TMessage>(IBehavior<T, TMessage> behavior, Action<IBehavior<T, TMessage>> next)
        where T : class, SagaStateMachineInstance
        where TMessage : class => next(behavior);
}
