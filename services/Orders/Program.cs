using Hosting;
using MassTransit;
using Messaging;
using Orders;
using Orders.Database;
using Orders.Lifecycle;
using Orders.Submission;
using Orders.Views;

if (HealthProbe.IsAsked(args))
    return await HealthProbe.RunAsync(args);

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddDatabase<OrdersDbContext>();
builder.AddMessaging<OrdersDbContext>(bus => bus
    .AddSagaStateMachine<OrderStateMachine, OrderState, OrderLifecycleDefinition>()
    .EntityFrameworkRepository(repository =>
    {
        repository.ExistingDbContext<OrdersDbContext>();
        repository.UsePostgres();

        // Events of one order queue up at its row, so that none is decided on a state that another is just leaving.
        repository.ConcurrencyMode = ConcurrencyMode.Pessimistic;
    }));
builder.Services.AddScoped<PriceList>();
builder.Services.AddHostedService<ReceiptTrimming>();

var app = builder.Build();

app.MapServiceDefaults();
app.MapProducts();
app.MapDeadLetters();

var orders = app.MapGroup("/orders").RequireAuthorization(ApiRoles.Customer).WithOrderLogScope().WithTags("Orders");
orders.MapPlaceOrder();
orders.MapOrderViews();
orders.MapOrderCommands();

return await app.RunOrMigrateAsync<OrdersDbContext>(args);
