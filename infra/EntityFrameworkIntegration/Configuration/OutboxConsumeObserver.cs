using MassTransit.Configuration;
using MassTransit.Courier.Contracts;
using MassTransit.DependencyInjection;
using MassTransit.EntityFrameworkCoreIntegration.Consume;
using MassTransit.JobService;
using MassTransit.Metadata;
using MassTransit.Transports;
using Microsoft.EntityFrameworkCore;

namespace MassTransit.EntityFrameworkCoreIntegration.Configuration;

/// <summary>Adds the outbox filter to each consumer, saga and activity of a receive endpoint.</summary>
sealed class OutboxConsumeObserver<TDbContext>(IReceiveEndpointConfigurator endpoint, IRegistrationContext context, TransactionalOutbox outbox) :
    IConsumerConfigurationObserver,
    ISagaConfigurationObserver,
    IActivityConfigurationObserver,
    IOutboxOptionsConfigurator
    where TDbContext : DbContext
{
    public int MessageDeliveryLimit { get; set; } = outbox.Options.MessageDeliveryLimit;

    public TimeSpan MessageDeliveryTimeout { get; set; } = outbox.Options.MessageDeliveryTimeout;

    public void Validate()
    {
        if (MessageDeliveryLimit < 1)
            throw OutboxConfigurator.Error(typeof(TDbContext), $"{nameof(MessageDeliveryLimit)} is {MessageDeliveryLimit}, but must be at least 1");
        if (MessageDeliveryTimeout <= TimeSpan.Zero)
            throw OutboxConfigurator.Error(typeof(TDbContext), $"{nameof(MessageDeliveryTimeout)} is {MessageDeliveryTimeout}, but must be positive");

        OutboxConfigurator.CheckLease(outbox.Options, MessageDeliveryTimeout, typeof(TDbContext));
    }

    public void ConsumerConfigured<TConsumer>(IConsumerConfigurator<TConsumer> configurator)
        where TConsumer : class
    {
    }

    public void ConsumerMessageConfigured<TConsumer, TMessage>(IConsumerMessageConfigurator<TConsumer, TMessage> configurator)
        where TConsumer : class
        where TMessage : class
    {
        AddFilter<TConsumer, TMessage>(configurator as IConsumerMessageConfigurator<TMessage>);
    }

    public void SagaConfigured<TSaga>(ISagaConfigurator<TSaga> configurator)
        where TSaga : class, ISaga
    {
    }

    public void StateMachineSagaConfigured<TInstance>(ISagaConfigurator<TInstance> configurator, SagaStateMachine<TInstance> stateMachine)
        where TInstance : class, ISaga, SagaStateMachineInstance
    {
    }

    public void SagaMessageConfigured<TSaga, TMessage>(ISagaMessageConfigurator<TSaga, TMessage> configurator)
        where TSaga : class, ISaga
        where TMessage : class
    {
        AddFilter<TSaga, TMessage>(configurator as ISagaMessageConfigurator<TMessage>);
    }

    public void ActivityConfigured<TActivity, TArguments>(IExecuteActivityConfigurator<TActivity, TArguments> configurator, Uri compensateAddress)
        where TActivity : class, IExecuteActivity<TArguments>
        where TArguments : class
    {
        AddActivityFilter<TActivity, ExecuteActivityContext<TActivity, TArguments>>(configurator, configurator.RoutingSlip);
    }

    public void ExecuteActivityConfigured<TActivity, TArguments>(IExecuteActivityConfigurator<TActivity, TArguments> configurator)
        where TActivity : class, IExecuteActivity<TArguments>
        where TArguments : class
    {
        AddActivityFilter<TActivity, ExecuteActivityContext<TActivity, TArguments>>(configurator, configurator.RoutingSlip);
    }

    public void CompensateActivityConfigured<TActivity, TLog>(ICompensateActivityConfigurator<TActivity, TLog> configurator)
        where TActivity : class, ICompensateActivity<TLog>
        where TLog : class
    {
        AddActivityFilter<TActivity, CompensateActivityContext<TActivity, TLog>>(configurator, configurator.RoutingSlip);
    }

    void AddActivityFilter<TActivity, TContext>(IPipeConfigurator<TContext> activity, Action<Action<IRoutingSlipConfigurator>> routingSlip)
        where TActivity : class
        where TContext : class, ConsumeContext
    {
        routingSlip(x => AddFilter<TActivity, RoutingSlip>(x));
        activity.AddPipeSpecification(new FilterPipeSpecification<TContext>(new ActivityFilter<TContext>()));
    }

    void AddFilter<TConsumer, TMessage>(IPipeConfigurator<ConsumeContext<TMessage>>? pipe)
        where TConsumer : class
        where TMessage : class
    {
        if (pipe is null)
            throw new ConfigurationException($"The outbox cannot be added to {TypeCache<TConsumer>.ShortName} for {TypeCache<TMessage>.ShortName}.");

        ConsumerSettings settings = new(
            JobMetadataCache<TConsumer, TMessage>.GenerateJobTypeId($"{outbox.BusName}{endpoint.InputAddress.GetEndpointName()}"),
            TypeCache<TConsumer>.ShortName,
            MessageDeliveryLimit,
            MessageDeliveryTimeout);

        var filter = new OutboxConsumeFilter<TDbContext, TMessage>(new ConsumeScopeProvider(context), outbox, settings);
        pipe.AddPipeSpecification(new FilterPipeSpecification<ConsumeContext<TMessage>>(filter));
    }
}
