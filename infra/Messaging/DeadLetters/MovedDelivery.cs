using MassTransit;
using MassTransit.Context;
using RabbitMQ.Client;

namespace Messaging;

/// <summary>A delivery on its way to the dead letters, with headers that leave room for what is said about its death.</summary>
internal class MovedDelivery : ReceiveContextProxy, RabbitMqBasicConsumeContext
{
    private readonly RabbitMqBasicConsumeContext _delivery;

    public MovedDelivery(ReceiveContext context, int roomNeeded)
        : base(context)
    {
        _delivery = context.GetPayload<RabbitMqBasicConsumeContext>();
        Properties = _delivery.Properties.Headers is { } headers && HeaderBudget.SizeOf(headers) > HeaderBudget.Bytes - roomNeeded
            ? new BasicProperties(_delivery.Properties) { Headers = HeaderBudget.Trim(headers, HeaderBudget.Bytes - roomNeeded) }
            : _delivery.Properties;
    }

    public IReadOnlyBasicProperties Properties { get; }

    public string Exchange => _delivery.Exchange;

    public string ConsumerTag => _delivery.ConsumerTag;

    public ulong DeliveryTag => _delivery.DeliveryTag;

    public string RoutingKey => _delivery.RoutingKey ?? "";

    public override bool TryGetPayload<TPayload>(out TPayload payload)
    {
        if (this is not TPayload self)
            return base.TryGetPayload(out payload);
        payload = self;
        return true;
    }
}

/// <inheritdoc />
internal sealed class MovedFault(ExceptionReceiveContext context, int roomNeeded) : MovedDelivery(context, roomNeeded), ExceptionReceiveContext
{
    private readonly ExceptionReceiveContext _context = context;

    public Exception Exception => _context.Exception;

    public DateTime ExceptionTimestamp => _context.ExceptionTimestamp;

    public ExceptionInfo ExceptionInfo => _context.ExceptionInfo;

    public SendHeaders ExceptionHeaders => _context.ExceptionHeaders;
}
