using MassTransit;
using MassTransit.Configuration;

namespace Messaging;

internal static class DelayedRetrySetup
{
    /// <summary>Puts <see cref="DelayedRetryFilter{T}" /> in front of every message type that the endpoint consumes.</summary>
    public static void UseDelayedRetries(this IReceiveEndpointConfigurator endpoint, DelayedRetries retries, EndpointKillSwitch? killSwitch) =>
        _ = new Observer(endpoint, retries, killSwitch);

    private sealed class Observer : ConfigurationObserver, IMessageConfigurationObserver
    {
        private readonly IReceiveEndpointConfigurator _endpoint;
        private readonly DelayedRetries _retries;
        private readonly EndpointKillSwitch? _killSwitch;
        private readonly HashSet<Type> _batched = [];

        public Observer(IReceiveEndpointConfigurator endpoint, DelayedRetries retries, EndpointKillSwitch? killSwitch)
            : base(endpoint)
        {
            (_endpoint, _retries, _killSwitch) = (endpoint, retries, killSwitch);
            Connect(this);
        }

        public void MessageConfigured<TMessage>(IConsumePipeConfigurator configurator)
            where TMessage : class =>
            configurator.AddPipeSpecification(new Specification<TMessage>(_retries, _killSwitch));

        // The members of a batch wait one by one: what failed may well have been one of them.
        public override void BatchConsumerConfigured<TConsumer, TMessage>(IConsumerMessageConfigurator<TConsumer, Batch<TMessage>> configurator)
        {
            if (_batched.Add(typeof(TMessage)))
                MessageConfigured<TMessage>(_endpoint);
        }
    }

    private sealed class Specification<T>(DelayedRetries retries, EndpointKillSwitch? killSwitch) : IPipeSpecification<ConsumeContext<T>>
        where T : class
    {
        public void Apply(IPipeBuilder<ConsumeContext<T>> builder) => builder.AddFilter(new DelayedRetryFilter<T>(retries, killSwitch));

        public IEnumerable<ValidationResult> Validate() => [];
    }
}
