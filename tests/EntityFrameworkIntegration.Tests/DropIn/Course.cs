using MassTransit;
using MassTransit.EntityFrameworkCoreIntegration;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace EntityFrameworkIntegration.Tests.DropIn;

// A service as somebody would write it from the published package's documentation: people book a place in a course.

public record PlaceBooked(Guid BookingId, string Member);

public record PlaceConfirmed(Guid BookingId);

public record WriteConfirmation(Guid BookingId);

public class Booking
{
    public Guid Id { get; set; }
    public string Member { get; set; } = "";
}

public class Confirmation
{
    public Guid Id { get; set; }
    public Guid BookingId { get; set; }
}

public class BookingState : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }
    public string CurrentState { get; set; } = "";
    public string Member { get; set; } = "";
    public ISet<string> Steps { get; set; } = new HashSet<string>();
    public uint RowVersion { get; set; }
}

/// <summary>The row version is PostgreSQL's system column, and a collection is kept as JSON.</summary>
public class BookingStateMap : SagaClassMap<BookingState>
{
    protected override void Configure(EntityTypeBuilder<BookingState> entity, ModelBuilder model)
    {
        entity.Property(x => x.CurrentState).HasMaxLength(64);
        entity.Property(x => x.Member);
        entity.Property(x => x.Steps).HasConversion(new JsonValueConverter<ISet<string>>())
            .Metadata.SetValueComparer(new JsonValueComparer<ISet<string>>());
        entity.Property(x => x.RowVersion).HasColumnName("xmin").HasColumnType("xid").IsRowVersion();
    }
}

/// <summary>Class maps, an application's own entities and the outbox's, each with its callback, in a schema of their own.</summary>
public class CourseDbContext(DbContextOptions<CourseDbContext> options) : SagaDbContext(options)
{
    protected override IEnumerable<ISagaClassMap> Configurations
    {
        get { yield return new BookingStateMap(); }
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("course");
        base.OnModelCreating(modelBuilder);

        modelBuilder.Entity<Booking>();
        modelBuilder.Entity<Confirmation>();
        modelBuilder.AddInboxStateEntity(inbox => inbox.ToTable("InboxState"));
        modelBuilder.AddOutboxMessageEntity(outbox => outbox.Property(x => x.LastError).HasMaxLength(8000));
        modelBuilder.AddOutboxStateEntity(state => state.ToTable("OutboxState"));
    }
}

public class BookingStateMachine : MassTransitStateMachine<BookingState>
{
    public BookingStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => Booked, x => x.CorrelateById(m => m.Message.BookingId));
        Event(() => PlaceConfirmed, x => x.CorrelateById(m => m.Message.BookingId));

        Initially(
            When(Booked)
                .Then(x => x.Saga.Member = x.Message.Member)
                .Then(x => x.Saga.Steps.Add("booked"))
                .Send(new Uri("queue:write-confirmation"), x => new WriteConfirmation(x.Saga.CorrelationId))
                .TransitionTo(Waiting));
        During(Waiting,
            When(PlaceConfirmed)
                .Then(x => x.Saga.Steps.Add("confirmed"))
                .TransitionTo(Confirmed));
        During(Confirmed, Ignore(PlaceConfirmed));
    }

    public State Waiting { get; } = null!;

    public State Confirmed { get; } = null!;

    public Event<PlaceBooked> Booked { get; } = null!;

    public Event<PlaceConfirmed> PlaceConfirmed { get; } = null!;
}

public class BookingStateDefinition : SagaDefinition<BookingState>
{
    protected override void ConfigureSaga(IReceiveEndpointConfigurator endpointConfigurator, ISagaConfigurator<BookingState> sagaConfigurator,
        IRegistrationContext context)
    {
        endpointConfigurator.UseMessageRetry(r => r.Intervals(10, 50, 100, 500, 1000));
        endpointConfigurator.UseEntityFrameworkOutbox<CourseDbContext>(context);
    }
}

public class WriteConfirmationConsumer(CourseDbContext database) : IConsumer<WriteConfirmation>
{
    public async Task Consume(ConsumeContext<WriteConfirmation> context)
    {
        database.Add(new Confirmation { Id = NewId.NextGuid(), BookingId = context.Message.BookingId });
        await database.SaveChangesAsync(context.CancellationToken);
        await context.Publish(new PlaceConfirmed(context.Message.BookingId));
    }
}

public class WriteConfirmationDefinition : ConsumerDefinition<WriteConfirmationConsumer>
{
    public WriteConfirmationDefinition() => ConcurrentMessageLimit = 8;

    protected override void ConfigureConsumer(IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<WriteConfirmationConsumer> consumerConfigurator, IRegistrationContext context)
    {
        endpointConfigurator.UseEntityFrameworkOutbox<CourseDbContext>(context, outbox =>
        {
            outbox.MessageDeliveryLimit = 10;
            outbox.MessageDeliveryTimeout = TimeSpan.FromSeconds(5);
        });
    }
}

/// <summary>What a controller would do: entities and messages by the interfaces of its scope.</summary>
public class BookingDesk(CourseDbContext database, IPublishEndpoint publishEndpoint, ISendEndpointProvider sendEndpoints)
{
    public async Task<Guid> Book(string member)
    {
        Booking booking = new() { Id = NewId.NextGuid(), Member = member };
        await database.Set<Booking>().AddAsync(booking);
        await publishEndpoint.Publish(new PlaceBooked(booking.Id, member));
        await database.SaveChangesAsync();
        return booking.Id;
    }

    public async Task WriteAgain(Guid bookingId)
    {
        var endpoint = await sendEndpoints.GetSendEndpoint(new Uri("queue:write-confirmation"));
        await endpoint.Send(new WriteConfirmation(bookingId));
        await database.SaveChangesAsync();
    }
}
